//! The adapter held to the contract of its ports, and to what only a real database can break.

#[cfg(test)]
mod databases;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod migrations;
#[cfg(test)]
mod plans;
#[cfg(test)]
mod postgres;
#[cfg(test)]
mod races;
#[cfg(test)]
mod sqlite;
#[cfg(test)]
mod upgrades;
