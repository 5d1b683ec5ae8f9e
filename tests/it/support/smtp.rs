//! A mail server that takes everything, unless it was told how to answer; it delivers nothing.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use mail_parser::MessageParser;
use secrecy::SecretString;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// How the server ends one mail.
#[derive(Debug, Clone, Copy)]
pub enum Ending {
    /// It does not take it, with this answer.
    Refuse(&'static str),
    /// It takes it and is gone before it has said so.
    TakeAndHangUp,
}

/// A mail that arrived.
#[derive(Debug, Clone)]
pub struct Arrived {
    pub to: String,
    /// As it travelled, lines ended by `\n`.
    pub letter: String,
}

impl Arrived {
    /// The value of the first header of this name.
    pub fn header(&self, name: &str) -> &str {
        let found = self.letter.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
        found.unwrap_or_default()
    }

    /// What its reader gets to see, as a parser that is not ours understands it.
    pub fn read(&self) -> Letter {
        let message = MessageParser::default().parse(&self.letter).unwrap();
        let to = message.to().unwrap().first().unwrap();
        Letter {
            headers: message.headers().iter().map(|header| header.name().to_owned()).collect(),
            to: to.name().unwrap_or_default().to_owned(),
            subject: message.subject().unwrap().to_owned(),
            text: message.body_text(0).unwrap().into_owned(),
            html: message.body_html(0).unwrap().into_owned(),
        }
    }
}

/// A mail as it is read: encodings are undone.
#[derive(Debug, Clone)]
pub struct Letter {
    /// The names of all headers, in their order.
    pub headers: Vec<String>,
    /// The reader's name.
    pub to: String,
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// The running server.
#[derive(Debug, Clone)]
pub struct SmtpSink {
    pub address: SocketAddr,
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    arrived: Mutex<Vec<Arrived>>,
    planned: Mutex<VecDeque<Ending>>,
    /// For every mail that is not planned.
    otherwise: Mutex<Option<Ending>>,
    changed: Notify,
}

impl SmtpSink {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State::default());
        let shared = Arc::clone(&state);
        drop(tokio::spawn(async move {
            while let Ok((stream, _peer)) = listener.accept().await {
                drop(tokio::spawn(converse(stream, Arc::clone(&shared))));
            }
        }));
        Self { address, state }
    }

    pub fn url(&self) -> SecretString {
        format!("smtp://{}", self.address).into()
    }

    /// The next mails end so, one after the other.
    pub fn plan(&self, endings: &[Ending]) {
        self.state.planned.lock().unwrap().extend(endings);
    }

    /// Every mail ends so from now on.
    pub fn always(&self, ending: Option<Ending>) {
        *self.state.otherwise.lock().unwrap() = ending;
    }

    /// What arrived so far.
    pub fn arrived(&self) -> Vec<Arrived> {
        self.state.arrived.lock().unwrap().clone()
    }

    /// Waits until at least so many have arrived.
    pub async fn wait_for(&self, mails: usize) -> Vec<Arrived> {
        loop {
            let changed = self.state.changed.notified();
            let arrived = self.arrived();
            if arrived.len() >= mails {
                return arrived;
            }
            changed.await;
        }
    }
}

impl State {
    fn ending(&self) -> Option<Ending> {
        self.planned.lock().unwrap().pop_front().or(*self.otherwise.lock().unwrap())
    }

    fn take(&self, to: &str, letter: String) {
        self.arrived.lock().unwrap().push(Arrived { to: to.to_owned(), letter });
        self.changed.notify_waiters();
    }
}

/// One connection (RFC 5321 §3); a client that goes away ends it.
async fn converse(stream: TcpStream, state: Arc<State>) -> Option<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    let mut to = String::new();
    say(&mut write, "220 sink").await?;
    loop {
        let line = lines.next_line().await.ok()??;
        let command = line.split(' ').next().unwrap_or_default().to_ascii_uppercase();
        match command.as_str() {
            "EHLO" => say(&mut write, "250-sink\r\n250-8BITMIME\r\n250 SMTPUTF8").await?,
            "RCPT" => {
                to = line
                    .chars()
                    .skip_while(|c| *c != '<')
                    .skip(1)
                    .take_while(|c| *c != '>')
                    .collect();
                say(&mut write, "250 ok").await?;
            }
            "DATA" => {
                say(&mut write, "354 go on").await?;
                let letter = read_letter(&mut lines).await?;
                match state.ending() {
                    None => {
                        state.take(&to, letter);
                        say(&mut write, "250 taken").await?;
                    }
                    Some(Ending::Refuse(answer)) => say(&mut write, answer).await?,
                    Some(Ending::TakeAndHangUp) => {
                        state.take(&to, letter);
                        return None;
                    }
                }
            }
            "QUIT" => return say(&mut write, "221 bye").await,
            _ => say(&mut write, "250 ok").await?,
        }
    }
}

async fn read_letter(lines: &mut Lines<BufReader<OwnedReadHalf>>) -> Option<String> {
    let mut letter = String::new();
    loop {
        let line = lines.next_line().await.ok()??;
        if line == "." {
            return Some(letter);
        }
        letter.push_str(line.strip_prefix('.').unwrap_or(&line));
        letter.push('\n');
    }
}

async fn say(write: &mut OwnedWriteHalf, answer: &str) -> Option<()> {
    write.write_all(format!("{answer}\r\n").as_bytes()).await.ok()
}
