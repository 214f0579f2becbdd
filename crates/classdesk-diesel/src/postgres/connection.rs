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
pub(crate) type Conn = AsyncConnectionWrapper<AsyncPgConnection, PgRuntime>;

/// The runtime of a connection, and what it takes to hang up.
pub(crate) struct PgRuntime {
    runtime: Runtime,
    /// The task that drives the connection. It advances only while an answer is awaited.
    driver: AbortHandle,
    answer_timeout: Duration,
}

thread_local! {
    /// The runtime of the connection that is being made on this thread. The wrapper asks for it
    /// without naming the connection.
    static PENDING: Cell<Option<PgRuntime>> = const { Cell::new(None) };
}

impl BlockOn for PgRuntime {
    /// Waits for an answer. A server that is silent for longer than any statement may take is
    /// given up: the answer is then that the connection is closed.
    fn block_on<F: Future>(&self, answer: F) -> F::Output {
        self.runtime.block_on(async {
            let mut answer = pin!(answer);
            if let Ok(answer) = timeout(self.answer_timeout, answer.as_mut()).await {
                return answer;
            }
            self.driver.abort();
            answer.await
        })
    }

    fn get_runtime() -> Self {
        PENDING
            .take()
            .expect("the runtime is pending before its connection is wrapped")
    }
}

/// How long each step of a connection's life may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timeouts {
    /// For connecting, until the server has let us in; for ever when there is none.
    pub(super) to_connect: Option<Duration>,
    /// For the answer to a statement.
    pub(super) to_answer: Duration,
}

/// Connects. This blocks the thread, on which the connection has to stay.
pub(super) fn establish<T>(config: &Config, tls: T, timeouts: Timeouts) -> Result<Conn, Cause>
where
    T: MakeTlsConnect<Socket>,
    T::Stream: TlsStream + Unpin + Send + 'static,
{
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let connecting = async {
        let (client, connection) = config.connect(tls).await?;
        let driver = tokio::spawn(async move {
            if let Err(error) = connection.await {
                let error: &dyn std::error::Error = &error;
                tracing::debug!(error, "a connection to the database was lost");
            }
        });
        let conn = AsyncPgConnection::try_from(client).await?;
        Ok::<_, Cause>((conn, driver.abort_handle()))
    };
    let connected = runtime.block_on(async {
        match timeouts.to_connect {
            None => connecting.await,
            Some(limit) => timeout(limit, connecting)
                .await
                .unwrap_or_else(|_| Err(format!("no answer within {limit:?}").into())),
        }
    });
    match connected {
        Ok((conn, driver)) => {
            PENDING.set(Some(PgRuntime {
                runtime,
                driver,
                answer_timeout: timeouts.to_answer,
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
