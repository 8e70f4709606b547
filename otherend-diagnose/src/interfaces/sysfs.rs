//! What /sys knows about an adapter that netlink does not say: what it is, in words.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Interface, Kind};

/// Add a description, and a kind where the system only said "Ethernet".
pub(super) fn complete(interface: &mut Interface) {
    let folder = Path::new("/sys/class/net").join(&interface.name);
    complete_from(&folder, interface);
}

fn complete_from(folder: &Path, interface: &mut Interface) {
    if interface.kind == Kind::Loopback {
        return;
    }
    let uevent = fs::read_to_string(folder.join("uevent")).unwrap_or_default();
    let devtype = uevent.lines().find_map(|l| l.strip_prefix("DEVTYPE="));
    let is_tunnel = folder.join("tun_flags").exists() || devtype == Some("wireguard");
    match devtype {
        _ if is_tunnel => interface.kind = Kind::Tunnel,
        Some("bridge") => interface.kind = Kind::Bridge,
        _ => {}
    }
    interface.description = text(folder, "ifalias")
        .or_else(|| usb_product(folder))
        .or_else(|| driver(folder))
        .or_else(|| virtual_device(folder, devtype));
}

/// The name that a USB device gives itself.
fn usb_product(folder: &Path) -> Option<String> {
    // The adapter hangs on one interface of the USB device, the names stand at the device.
    let device = fs::canonicalize(folder.join("device")).ok()?;
    let device = device.parent()?;
    let product = text(device, "product")?;
    Some(match text(device, "manufacturer") {
        Some(maker) if !product.starts_with(&maker) => format!("{maker} {product}"),
        _ => product,
    })
}

fn driver(folder: &Path) -> Option<String> {
    let driver = file_name(folder.join("device/driver"))?;
    let bus = file_name(folder.join("device/subsystem"))?;
    // "virtio device, virtio_net driver" says everything twice.
    if driver.starts_with(&bus) {
        return Some(format!("{driver} driver"));
    }
    Some(format!("{bus} device, {driver} driver"))
}

fn virtual_device(folder: &Path, devtype: Option<&str>) -> Option<String> {
    let real = fs::canonicalize(folder).ok()?;
    if !real.starts_with("/sys/devices/virtual") {
        return None;
    }
    Some(match devtype {
        Some(kind) => format!("virtual, {kind}"),
        None => "virtual".to_owned(),
    })
}

/// The last part of where a link leads.
fn file_name(link: PathBuf) -> Option<String> {
    let target = fs::read_link(link).ok()?;
    Some(target.file_name()?.to_string_lossy().into_owned())
}

/// A file of one line; none when it is missing or empty.
fn text(folder: &Path, name: &str) -> Option<String> {
    let text = fs::read_to_string(folder.join(name)).ok()?;
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// An adapter in a folder like those of /sys, described.
    fn described(prepare: impl FnOnce(&Path)) -> Interface {
        let folder = tempfile::tempdir().unwrap();
        let adapter = folder.path().join("adapter");
        fs::create_dir(&adapter).unwrap();
        prepare(&adapter);
        let mut interface = Interface::from(netdev::Interface::dummy());
        complete_from(&adapter, &mut interface);
        interface
    }

    #[test]
    fn an_alias_of_the_administrator_comes_first() {
        let interface = described(|adapter| {
            fs::write(adapter.join("ifalias"), "uplink\n").unwrap();
        });
        assert_eq!(interface.description.as_deref(), Some("uplink"));
    }

    #[test]
    fn a_usb_device_tells_its_own_name() {
        let interface = described(|adapter| {
            let usb = adapter.with_file_name("usb");
            fs::create_dir_all(usb.join("1-1:1.0")).unwrap();
            fs::write(usb.join("manufacturer"), "Realtek\n").unwrap();
            fs::write(usb.join("product"), "USB 10/100 LAN\n").unwrap();
            symlink(usb.join("1-1:1.0"), adapter.join("device")).unwrap();
        });
        assert_eq!(
            interface.description.as_deref(),
            Some("Realtek USB 10/100 LAN")
        );
    }

    #[test]
    fn a_driver_is_better_than_nothing() {
        let interface = described(|adapter| {
            fs::create_dir(adapter.join("device")).unwrap();
            symlink("/bus/pci/drivers/e1000e", adapter.join("device/driver")).unwrap();
            symlink("/bus/pci", adapter.join("device/subsystem")).unwrap();
        });
        assert_eq!(
            interface.description.as_deref(),
            Some("pci device, e1000e driver")
        );
    }

    #[test]
    fn tunnels_and_bridges_are_not_ethernet() {
        let bridge = described(|adapter| {
            fs::write(adapter.join("uevent"), "DEVTYPE=bridge\nINTERFACE=br0\n").unwrap();
        });
        assert_eq!(bridge.kind, Kind::Bridge);
        let tunnel = described(|adapter| fs::write(adapter.join("tun_flags"), "0x1\n").unwrap());
        assert_eq!(tunnel.kind, Kind::Tunnel);
    }
}
