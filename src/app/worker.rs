//! The worker as a part of a process, made alike for each program: where its mail goes and what it works with.

use std::sync::Arc;

use super::AppError;
use crate::clients::mailer::{MailFolder, Mailer, SmtpMailer};
use crate::config::Config;
use crate::service::Services;
use crate::service::mails::Mails;
use crate::service::payments::Payments;
use crate::worker::{Worker, WorkerParts};

/// Where mail goes.
#[derive(Debug)]
pub struct Mailing {
    mailer: Arc<dyn Mailer>,
    /// The folder, where mail goes into one.
    pub folder: Option<MailFolder>,
}

/// A server if one is named, else the folder `mail` of the data directory. Nothing is called yet.
///
/// # Errors
/// The server's address can't be used.
pub fn mailing(config: &Config) -> Result<Mailing, AppError> {
    let from = config.mail.from.clone();
    if let Some(url) = &config.mail.url {
        return Ok(Mailing { mailer: Arc::new(SmtpMailer::new(url, from)?), folder: None });
    }
    let folder = MailFolder::new(config.data_dir.join("mail"), from);
    Ok(Mailing { mailer: Arc::new(folder.clone()), folder: Some(folder) })
}

/// A worker that does nothing yet.
pub fn open(
    config: &Config,
    services: &Services,
    payments: &Payments,
    mailing: &Mailing,
) -> Worker {
    let mails = Mails {
        services: services.clone(),
        mailer: Arc::clone(&mailing.mailer),
        public_url: config.http.public_url.clone(),
    };
    Worker::in_process(WorkerParts {
        services: services.clone(),
        payments: payments.clone(),
        mails,
    })
}
