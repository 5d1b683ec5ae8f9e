//! Takes the rows of a report: encodes them, hands the bytes on, and tells how far it is; knows no kind of report.

use scoped_futures::ScopedFutureExt;

use super::encode::Encoder;
use crate::clients::files::NewFile;
use crate::domain::report::{Cell, ReportOrder};
use crate::service::jobs::{Jobs, Leased, NotDone, lease_until};
use crate::service::transact::read;
use crate::store::jobs::{self as rows, Held, Progress};

pub(super) struct Sink<'a> {
    jobs: &'a Jobs,
    held: Held,
    file: &'a mut NewFile,
    encoder: Encoder,
    rows: i64,
    rows_to_do: Option<i64>,
}

impl<'a> Sink<'a> {
    pub(super) fn begin(
        jobs: &'a Jobs,
        leased: &Leased,
        order: &ReportOrder,
        file: &'a mut NewFile,
    ) -> Result<Self, NotDone> {
        let encoder = Encoder::begin(order.format, order.kind.columns(), jobs.files.scratch())?;
        Ok(Self { jobs, held: leased.held(), file, encoder, rows: 0, rows_to_do: None })
    }

    /// So many rows will come.
    pub(super) async fn expect(&mut self, rows: i64) -> Result<(), NotDone> {
        self.rows_to_do = Some(rows);
        self.tell().await
    }

    pub(super) async fn row(&mut self, cells: &[Cell]) -> Result<(), NotDone> {
        self.encoder.row(cells)?;
        self.rows += 1;
        if let Some(bytes) = self.encoder.ready()? {
            self.file.write(bytes).await?;
        }
        if self.rows % i64::from(self.jobs.pace.rows.max(1)) == 0 {
            self.tell().await?;
        }
        Ok(())
    }

    /// How many rows there were.
    pub(super) async fn end(self) -> Result<i64, NotDone> {
        self.encoder.end(self.file).await?;
        Ok(self.rows)
    }

    /// On a connection of its own: the rows' one sees nothing but its view.
    async fn tell(&mut self) -> Result<(), NotDone> {
        let until = lease_until(self.jobs.services.ambient.now());
        let progress = Progress { rows_done: self.rows, rows_to_do: self.rows_to_do, result: None };
        let (jobs, held) = (self.jobs, self.held);
        let ours = read(&jobs.services.pool, move |conn| {
            async move { Ok::<_, NotDone>(rows::update_progress(conn, held, progress, until).await?) }
                .scope_boxed()
        });
        if ours.await? { Ok(()) } else { Err(NotDone::Lost) }
    }
}
