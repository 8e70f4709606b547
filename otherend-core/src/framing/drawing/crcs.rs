//! The CRCs of the catalogue, by name.

use std::fmt;

use crc_catalog::{Algorithm, Width};

use crate::nearest::nearest;

/// A CRC in the words of its catalogue (usually: the Rocksoft model); numbers are as many bits wide.
#[derive(Clone, Copy)]
struct Recipe {
    width: u8,
    poly: u64,
    init: u64,
    refin: bool,
    refout: bool,
    xorout: u64,
    /// What the digits 1 to 9 come to.
    #[cfg(test)]
    check: u64,
}

impl Recipe {
    fn of<W: Width + Copy + Into<u64>>(algorithm: &Algorithm<W>) -> Recipe {
        Recipe {
            width: algorithm.width,
            poly: algorithm.poly.into(),
            init: algorithm.init.into(),
            refin: algorithm.refin,
            refout: algorithm.refout,
            xorout: algorithm.xorout.into(),
            #[cfg(test)]
            check: algorithm.check.into(),
        }
    }

    /// Bit by bit: a frame is short, and one loop serves all widths.
    fn sum(&self, bytes: &[u8]) -> u64 {
        let top = 1 << (self.width - 1);
        let mask = top | (top - 1);
        let mut register = self.init;
        for byte in bytes {
            let byte = if self.refin {
                byte.reverse_bits()
            } else {
                *byte
            };
            for at in (0..8).rev() {
                let bit = u64::from(byte >> at & 1);
                let out = u64::from(register & top != 0) ^ bit;
                register = (register << 1) & mask;
                if out == 1 {
                    register ^= self.poly;
                }
            }
        }
        if self.refout {
            register = register.reverse_bits() >> (64 - self.width);
        }
        register ^ self.xorout
    }
}

/// The catalogue as `(name, recipe)`; a name is the constant's, as in `CRC_16_MODBUS`.
macro_rules! catalogue {
    ($($name:ident),+) => {
        &[$((stringify!($name), || Recipe::of(&crc_catalog::$name)),)+]
    };
}

type Named = (&'static str, fn() -> Recipe);

const CATALOGUE: &[Named] = catalogue! {
        CRC_3_GSM, CRC_3_ROHC, CRC_4_G_704, CRC_4_INTERLAKEN, CRC_5_EPC_C1G2, CRC_5_G_704,
        CRC_5_USB, CRC_6_CDMA2000_A, CRC_6_CDMA2000_B, CRC_6_DARC, CRC_6_G_704, CRC_6_GSM,
        CRC_7_MMC, CRC_7_ROHC, CRC_7_UMTS, CRC_8_AUTOSAR, CRC_8_BLUETOOTH, CRC_8_CDMA2000,
        CRC_8_DARC, CRC_8_DVB_S2, CRC_8_GSM_A, CRC_8_GSM_B, CRC_8_HITAG, CRC_8_I_432_1,
        CRC_8_I_CODE, CRC_8_LTE, CRC_8_MAXIM_DOW, CRC_8_MIFARE_MAD, CRC_8_NRSC_5,
        CRC_8_OPENSAFETY, CRC_8_ROHC, CRC_8_SAE_J1850, CRC_8_SMBUS, CRC_8_TECH_3250, CRC_8_WCDMA,
        CRC_10_ATM, CRC_10_CDMA2000, CRC_10_GSM, CRC_11_FLEXRAY, CRC_11_UMTS, CRC_12_CDMA2000,
        CRC_12_DECT, CRC_12_GSM, CRC_12_UMTS, CRC_13_BBC, CRC_14_DARC, CRC_14_GSM, CRC_15_CAN,
        CRC_15_MPT1327, CRC_16_ARC, CRC_16_CDMA2000, CRC_16_CMS, CRC_16_DDS_110, CRC_16_DECT_R,
        CRC_16_DECT_X, CRC_16_DNP, CRC_16_EN_13757, CRC_16_GENIBUS, CRC_16_GSM, CRC_16_IBM_3740,
        CRC_16_IBM_SDLC, CRC_16_ISO_IEC_14443_3_A, CRC_16_KERMIT, CRC_16_LJ1200, CRC_16_M17,
        CRC_16_MAXIM_DOW, CRC_16_MCRF4XX, CRC_16_MODBUS, CRC_16_NRSC_5, CRC_16_OPENSAFETY_A,
        CRC_16_OPENSAFETY_B, CRC_16_PROFIBUS, CRC_16_RIELLO, CRC_16_SPI_FUJITSU, CRC_16_T10_DIF,
        CRC_16_TELEDISK, CRC_16_TMS37157, CRC_16_UMTS, CRC_16_USB, CRC_16_XMODEM,
        CRC_17_CAN_FD, CRC_21_CAN_FD, CRC_24_BLE, CRC_24_FLEXRAY_A, CRC_24_FLEXRAY_B,
        CRC_24_INTERLAKEN, CRC_24_LTE_A, CRC_24_LTE_B, CRC_24_OPENPGP, CRC_24_OS_9, CRC_30_CDMA,
        CRC_31_PHILIPS, CRC_32_AIXM, CRC_32_AUTOSAR, CRC_32_BASE91_D, CRC_32_BZIP2,
        CRC_32_CD_ROM_EDC, CRC_32_CKSUM, CRC_32_ISCSI, CRC_32_ISO_HDLC, CRC_32_JAMCRC, CRC_32_MEF,
        CRC_32_MPEG_2, CRC_32_XFER,
        CRC_40_GSM, CRC_64_ECMA_182, CRC_64_GO_ISO, CRC_64_MS, CRC_64_NVME, CRC_64_REDIS,
        CRC_64_WE, CRC_64_XZ
};

/// What people call some of them; the catalogue has another name.
const ALIASES: &[(&str, &str)] = &[
    ("CRC16", "CRC_16_ARC"),
    ("CRC16CCITT", "CRC_16_KERMIT"),
    ("CRC16CCITTFALSE", "CRC_16_IBM_3740"),
    ("CRC16X25", "CRC_16_IBM_SDLC"),
    ("CRC32", "CRC_32_ISO_HDLC"),
    ("CRC32C", "CRC_32_ISCSI"),
    ("CRC8", "CRC_8_SMBUS"),
];

/// One CRC of the catalogue.
#[derive(Clone)]
pub(super) struct NamedCrc {
    name: &'static str,
    recipe: Recipe,
}

impl NamedCrc {
    /// The one that `name` means: `crc-16/modbus`, however it is spelt.
    pub(super) fn find(name: &str) -> Option<NamedCrc> {
        let wanted = folded(name);
        let alias = ALIASES.iter().find(|(alias, _)| *alias == wanted);
        let wanted = alias.map_or(wanted, |(_, name)| folded(name));
        let (name, recipe) = CATALOGUE.iter().find(|(name, _)| folded(name) == wanted)?;
        Some(NamedCrc {
            name,
            recipe: recipe(),
        })
    }

    /// The name that `typed` is most likely a slip of.
    pub(super) fn nearest(typed: &str) -> Option<String> {
        let names: Vec<String> = CATALOGUE.iter().map(|(name, _)| spelt(name)).collect();
        nearest(typed, names.iter().map(String::as_str)).map(str::to_owned)
    }

    /// How many bytes it takes as bytes.
    pub(super) fn bytes(&self) -> usize {
        usize::from(self.recipe.width.div_ceil(8))
    }

    pub(super) fn of(&self, bytes: &[u8]) -> u64 {
        self.recipe.sum(bytes)
    }
}

impl fmt::Display for NamedCrc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&spelt(self.name))
    }
}

/// Letters and digits only: people spell these names in many ways.
fn folded(name: &str) -> String {
    let kept = name.chars().filter(char::is_ascii_alphanumeric);
    kept.map(|c| c.to_ascii_uppercase()).collect()
}

/// `CRC_16_IBM_3740` as the catalogue prints it: `crc-16/ibm-3740`.
fn spelt(name: &str) -> String {
    let name = name.to_ascii_lowercase();
    let mut parts = name.splitn(3, '_');
    let (crc, width, rest) = (parts.next(), parts.next(), parts.next());
    let (crc, width) = (crc.unwrap_or_default(), width.unwrap_or_default());
    format!(
        "{crc}-{width}/{}",
        rest.unwrap_or_default().replace('_', "-")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_the_catalogue_computes_its_check_value() {
        for (name, recipe) in CATALOGUE {
            let check = recipe().check;
            let crc = NamedCrc::find(&spelt(name)).expect(name);
            assert_eq!(crc.of(b"123456789"), check, "{name}");
        }
    }

    #[test]
    fn names_are_found_however_they_are_spelt() {
        for spelling in [
            "crc-16/modbus",
            "CRC-16/MODBUS",
            "crc16modbus",
            "CRC_16_MODBUS",
        ] {
            let found = NamedCrc::find(spelling).expect(spelling);
            assert_eq!(
                (found.to_string().as_str(), found.bytes()),
                ("crc-16/modbus", 2)
            );
        }
        let alias = NamedCrc::find("crc-32").expect("an alias");
        assert_eq!(alias.to_string(), "crc-32/iso-hdlc");
        assert!(NamedCrc::find("crc-16/modbuss").is_none());
        assert_eq!(
            NamedCrc::nearest("crc-16/modbsu").as_deref(),
            Some("crc-16/modbus")
        );
    }
}
