//! The program as its users meet it: started as a process, spoken to over HTTP.

mod client;
mod commands;
mod cors;
mod demo;
mod event_streams;
mod files;
mod fixture;
mod guide;
mod memory;
mod nginx;
mod open_files;
mod other_origin;
mod program;
mod recipes;
mod relay;
mod replicas;
mod settings;
mod stopping;
mod tokens;
mod webhooks;
mod workflow;
