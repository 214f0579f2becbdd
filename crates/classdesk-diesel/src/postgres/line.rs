//! A connection that is used from one thread, as Diesel's synchronous connections are: its futures
//! run on a small runtime of its own.

use std::cell::Cell;
use std::pin::pin;
use std::time::Duration;

use classdesk_domain::store::Cause;
use diesel_async::AsyncPgConnection;
use diesel_async::async_connection_wrapper::{AsyncConnectionWrapper, BlockOn};
use tokio::runtime::{Builder, Runtime};
use tokio::task::AbortHandle;
use tokio::time::timeout;
use tokio_postgres::tls::{MakeTlsConnect, TlsStream};
use tokio_postgres::{Config, Socket};

/// A connection.
pub(crate) type Conn = AsyncConnectionWrapper<AsyncPgConnection, Line>;

/// What a connection runs on, and what it takes to hang up.
pub(crate) struct Line {
    runtime: Runtime,
    /// The task that speaks to the server. It advances only while somebody waits for an answer.
    speaker: AbortHandle,
    patience: Duration,
}

thread_local! {
    /// The line of the connection that is being made on this thread: the wrapper asks for it
    /// without saying for whom.
    static LAID: Cell<Option<Line>> = const { Cell::new(None) };
}

impl BlockOn for Line {
    /// Waits for an answer. A server that is silent for longer than any statement may take is
    /// given up: the answer is then that the connection is closed.
    fn block_on<F: Future>(&self, answer: F) -> F::Output {
        self.runtime.block_on(async {
            let mut answer = pin!(answer);
            if let Ok(answer) = timeout(self.patience, answer.as_mut()).await {
                return answer;
            }
            self.speaker.abort();
            answer.await
        })
    }

    fn get_runtime() -> Self {
        LAID.take()
            .expect("a line is laid before its connection is wrapped")
    }
}

/// How long each step of a connection's life may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// For connecting, until the server has let us in; for ever when there is none.
    pub(super) to_connect: Option<Duration>,
    /// For the answer to a statement.
    pub(super) to_answer: Duration,
}

/// Connects. This blocks the thread, on which the connection has to stay.
pub(super) fn establish<T>(config: &Config, tls: T, patience: Patience) -> Result<Conn, Cause>
where
    T: MakeTlsConnect<Socket>,
    T::Stream: TlsStream + Unpin + Send + 'static,
{
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let connecting = async {
        let (client, connection) = config.connect(tls).await?;
        let speaker = tokio::spawn(async move {
            if let Err(error) = connection.await {
                let error: &dyn std::error::Error = &error;
                tracing::debug!(error, "a connection to the database was lost");
            }
        });
        let conn = AsyncPgConnection::try_from(client).await?;
        Ok::<_, Cause>((conn, speaker.abort_handle()))
    };
    let connected = runtime.block_on(async {
        match patience.to_connect {
            None => connecting.await,
            Some(limit) => timeout(limit, connecting)
                .await
                .unwrap_or_else(|_| Err(format!("no answer within {limit:?}").into())),
        }
    });
    match connected {
        Ok((conn, speaker)) => {
            LAID.set(Some(Line {
                runtime,
                speaker,
                patience: patience.to_answer,
            }));
            Ok(conn.into())
        }
        Err(error) => {
            // Looking up a name may still be under way and can't be stopped.
            runtime.shutdown_background();
            Err(error)
        }
    }
}
