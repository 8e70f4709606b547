//! The one place of the program that knows the operating system: descriptors, the terminal, files,
//! processes, error numbers. (What a measured server and the load's clock ask Linux for stands in
//! `bench`, how a server that is started is ended again in `talk::server_command`.)

pub(crate) mod descriptor;
pub(crate) mod errors;
pub(crate) mod files;
pub(crate) mod process;
pub(crate) mod terminal;
