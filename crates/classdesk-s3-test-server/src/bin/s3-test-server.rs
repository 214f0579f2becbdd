//! `s3-test-server FOLDER PORT ACCESS_KEY_ID SECRET_ACCESS_KEY [BUCKET…]`: serves a folder over S3
//! on loopback until it is killed. Port 0 takes any. The first line on standard output is the
//! endpoint's URL.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use classdesk_s3_test_server::S3TestServer;

const USAGE: &str = "usage: s3-test-server FOLDER PORT ACCESS_KEY_ID SECRET_ACCESS_KEY [BUCKET…]";

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match serve(&arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to try when even standard error is closed.
            let _ = writeln!(std::io::stderr(), "s3-test-server: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(arguments: &[String]) -> Result<(), Box<dyn std::error::Error>> {
    let [folder, port, access_key_id, secret, buckets @ ..] = arguments else {
        return Err(USAGE.into());
    };
    std::fs::create_dir_all(folder)?;
    let keys = (access_key_id.as_str(), secret.as_str());
    let server = S3TestServer::serve(Path::new(folder), port.parse()?, keys).await?;
    for bucket in buckets {
        server.create_bucket(bucket)?;
    }
    writeln!(std::io::stdout(), "{}", server.endpoint())?;
    server.run().await;
    Ok(())
}
