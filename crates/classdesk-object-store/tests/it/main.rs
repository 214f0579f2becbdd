//! The store of bytes on a local folder and on a real S3 server.

#[cfg(test)]
mod behaviour;
#[cfg(test)]
mod stage;
