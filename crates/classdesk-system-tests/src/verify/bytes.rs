//! A file's bytes, as they are downloaded.

use anyhow::Result;

use super::Verification;
use crate::load::content::Content;
use crate::load::model::Number;

impl Verification<'_> {
    /// Downloads a file and compares every byte, unless that was done before.
    pub(super) async fn check_bytes(
        &mut self,
        what: &str,
        number: Number,
        content: Content,
        path: &str,
    ) -> Result<()> {
        if !self.compared.insert(number) {
            return Ok(());
        }
        let viewer = self.fixture.superadmin.at(&self.url);
        match viewer.get(path).await {
            Ok(answer) if answer.status == 200 => {
                if answer.body != content.bytes() {
                    self.report
                        .violation(format!("{what}: other bytes than were sent"));
                }
                self.report.add("files compared byte for byte", 1);
            }
            Ok(answer) => {
                let status = answer.status;
                self.report
                    .violation(format!("{what}: its bytes are answered with {status}"));
            }
            // A damaged file ends in the middle.
            Err(error) => self
                .report
                .violation(format!("{what}: its bytes end early: {error}")),
        }
        Ok(())
    }
}
