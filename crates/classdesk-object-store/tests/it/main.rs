//! The store of bytes on a local folder and on a real S3 server.

#[cfg(test)]
mod behaviour;
#[cfg(test)]
mod bucket;
#[cfg(test)]
mod conformance;
#[cfg(test)]
mod cuts;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod folder;
