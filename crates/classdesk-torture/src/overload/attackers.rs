//! The attackers: a process of their own on processors that nobody else wants. Real ones have
//! machines of their own, so they must neither take the server's processors, not even for a few
//! milliseconds, nor share an event loop with whoever is measured.

use std::io::{Read as _, Write as _};
use std::process::Stdio;

use anyhow::{Context as _, Result, ensure};
use classdesk_background::{Beat, Beating, Share};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};

use super::attacks::{Attack, Outcome, Sizes};
use super::probe::Target;
use crate::client::Client;
use crate::seed::Seed;

/// What attackers are told on standard input.
#[derive(Serialize, Deserialize)]
struct Order {
    attack: Attack,
    sizes: Sizes,
    seed: u64,
    address: String,
    token: String,
    bundle: String,
    messages: String,
}

/// Attackers that have been told what to do.
pub(crate) struct Attackers {
    process: Child,
    _beating: Option<Beating>,
}

impl Attackers {
    /// Starts attackers, and waits until they begin.
    pub(crate) async fn start(
        target: &Target,
        attack: Attack,
        sizes: Sizes,
        seed: Seed,
    ) -> Result<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .arg("attackers")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("the attackers can't be started")?;
        let order = Order {
            attack,
            sizes,
            seed: seed.rng(1).u64(..),
            address: target.address.clone(),
            token: target.client.token().unwrap_or_default().to_owned(),
            bundle: target.bundle.clone(),
            messages: target.messages.clone(),
        };
        let mut stdin = process.stdin.take().context("standard input is piped")?;
        stdin.write_all(&serde_json::to_vec(&order)?).await?;
        drop(stdin);
        let stdout = process
            .stdout
            .as_mut()
            .context("standard output is piped")?;
        let mut begun = [0; 1];
        stdout.read_exact(&mut begun).await?;
        // A full server leaves attackers hardly a processor that they could keep; and hashes are
        // the server's own, who has to see to it that others need not wait for them.
        let is_felt = !attack.fills() && attack != Attack::Logins;
        Ok(Self {
            process,
            _beating: is_felt.then(|| Beat::default().keep()),
        })
    }

    /// Waits for their end, and gives how they were answered.
    pub(crate) async fn end(mut self) -> Result<Outcome> {
        let mut told = Vec::new();
        let stdout = self.process.stdout.as_mut();
        let stdout = stdout.context("standard output is piped")?;
        stdout.read_to_end(&mut told).await?;
        let status = self.process.wait().await?;
        ensure!(status.success(), "the attackers ended with {status}");
        Ok(serde_json::from_slice(&told)?)
    }
}

/// Lets everybody else go first, from here on and in every thread that is begun from here.
pub(crate) fn make_way() -> Result<()> {
    let taken = Share::Rest.take();
    taken.context("the attackers can't be made to wait for others")
}

/// What the attackers' process does.
pub(crate) async fn attack() -> Result<()> {
    let mut order = Vec::new();
    std::io::stdin().read_to_end(&mut order)?;
    let order: Order = serde_json::from_slice(&order)?;
    let client = Client::nobody(&format!("http://{}", order.address))?;
    let target = Target {
        address: order.address,
        client: client.with_token(order.token),
        bundle: order.bundle,
        messages: order.messages,
    };
    let mut stdout = std::io::stdout();
    stdout.write_all(b"\n")?;
    stdout.flush()?;
    let rng = fastrand::Rng::with_seed(order.seed);
    let outcome = order.attack.run(&target, order.sizes, rng).await?;
    stdout.write_all(&serde_json::to_vec(&outcome)?)?;
    Ok(stdout.flush()?)
}
