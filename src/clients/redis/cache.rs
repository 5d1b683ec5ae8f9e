//! The cache's shared tier in Redis: what a value is kept under, and how instances tell each other of changes; it knows
//! no resource.
//!
//! All keys carry one hash tag, so that a script touches one slot of a cluster; but the client speaks to one node, and
//! follows no `MOVED` to another. A generation is a time of Redis' own: after a restart that forgot it the next one is
//! still another.

use std::time::Duration;

use deadpool_redis::redis::aio::{MultiplexedConnection, PubSubSink, PubSubStream};
use deadpool_redis::redis::{Msg, Script, ScriptInvocation, Value};
use futures_util::StreamExt;
use futures_util::future::{BoxFuture, try_join_all};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep_until, timeout};

use super::{Redis, RedisAway};
use crate::domain::ambient::Ambient;
use crate::resilience::cache::tier::{
    Answer, CacheTier, Change, Found, Generation, Kept, Notice, Subscription, TierAway,
};

/// Part of every value's key: a release that writes values in another form takes another one.
const FORM: &str = "1";

/// How often a line is asked whether it still is one, and how long the answer may take. Together they are what a line
/// may be broken without anybody knowing.
const LOOK_EVERY: Duration = Duration::from_millis(200);
const ANSWERED: Duration = Duration::from_millis(300);

/// Gives the generation of a space, made if need be, and what is kept under it.
const GET: &str = concat!(include_str!("cache/generation.lua"), include_str!("cache/get.lua"));
/// Keeps a value under the generation it was loaded in.
const PUT: &str = include_str!("cache/put.lua");
/// Keeps a value that was changed and tells of it.
const TELL: &str = concat!(include_str!("cache/generation.lua"), include_str!("cache/tell.lua"));
/// Raises generations, and tells of it where there is something to tell.
const RENEW: &str = include_str!("cache/renew.lua");

/// The tier of one installation.
pub struct RedisTier {
    redis: Redis,
    /// In front of every key.
    tag: String,
    channel: String,
    /// This process, which has no need to hear itself.
    own: String,
    get: Script,
    put: Script,
    tell: Script,
    renew: Script,
}

#[derive(Debug, Serialize, Deserialize)]
struct Message {
    by: String,
    notice: Notice,
}

impl RedisTier {
    pub fn new(redis: Redis, ambient: &Ambient) -> Self {
        let tag = format!("{{{}cache}}", redis.prefix());
        Self {
            channel: format!("{tag}:changes"),
            own: ambient.uuid().simple().to_string(),
            tag,
            redis,
            get: Script::new(GET),
            put: Script::new(PUT),
            tell: Script::new(TELL),
            renew: Script::new(RENEW),
        }
    }

    fn generation(&self, space: &str) -> String {
        format!("{}:generation:{space}", self.tag)
    }

    fn place(&self, space: &str, key: &str) -> String {
        format!("{}:{FORM}:{space}:{key}", self.tag)
    }

    fn message(&self, notice: Notice) -> Result<String, TierAway> {
        let message = Message { by: self.own.clone(), notice };
        serde_json::to_string(&message).map_err(|error| TierAway(error.into()))
    }

    /// Raises the generations of these spaces, and tells this.
    fn renewal(
        &self,
        spaces: &[&str],
        notice: Option<Notice>,
    ) -> Result<ScriptInvocation<'_>, TierAway> {
        let mut script = self.renew.prepare_invoke();
        for space in spaces {
            script.key(self.generation(space));
        }
        if let Some(notice) = notice {
            script.arg(&self.channel).arg(self.message(notice)?);
        }
        Ok(script)
    }

    fn telling(&self, change: &Change) -> Result<ScriptInvocation<'_>, TierAway> {
        match change {
            Change::Value { space, key, kept } => {
                let version = kept.version;
                let notice =
                    Notice::Value { space: (*space).to_owned(), key: key.clone(), version };
                let mut script = self.tell.key(self.generation(space));
                script.key(self.place(space, key));
                script.arg(version).arg(kept.bytes.as_slice()).arg(milliseconds(kept.lives));
                script.arg(&self.channel).arg(self.message(notice)?);
                Ok(script)
            }
            Change::Void { space } => {
                self.renewal(&[space], Some(Notice::Void { space: (*space).to_owned() }))
            }
            Change::Doubt { spaces } => self.renewal(spaces, Some(Notice::Doubt)),
        }
    }

    /// All of them at once, pipelined.
    async fn run(
        &self,
        summary: &'static str,
        scripts: &[ScriptInvocation<'_>],
    ) -> Result<(), TierAway> {
        let ask = async |redis: MultiplexedConnection| {
            let each = scripts.iter().map(|script| {
                let mut redis = redis.clone();
                async move { script.invoke_async::<Value>(&mut redis).await }
            });
            try_join_all(each).await
        };
        self.redis.call(summary, ask).await?;
        Ok(())
    }
}

impl CacheTier for RedisTier {
    fn get<'a>(&'a self, space: &'static str, key: &'a str) -> Answer<'a, Found> {
        let ask = async move |mut redis: MultiplexedConnection| {
            let mut script = self.get.key(self.generation(space));
            script.key(self.place(space, key));
            script.invoke_async::<(String, Option<Vec<u8>>)>(&mut redis).await
        };
        Box::pin(async move {
            let (generation, bytes) = self.redis.call("EVALSHA cache get", ask).await?;
            Ok(Found { generation: Generation(generation), bytes })
        })
    }

    fn put<'a>(
        &'a self,
        space: &'static str,
        key: &'a str,
        under: &'a Generation,
        kept: &'a Kept,
    ) -> Answer<'a, ()> {
        let mut script = self.put.key(self.generation(space));
        script.key(self.place(space, key));
        script.arg(&under.0).arg(kept.version).arg(kept.bytes.as_slice());
        script.arg(milliseconds(kept.lives));
        Box::pin(async move { self.run("EVALSHA cache put", &[script]).await })
    }

    fn tell<'a>(&'a self, changes: &'a [Change]) -> Answer<'a, ()> {
        Box::pin(async move {
            let scripts: Result<Vec<_>, _> =
                changes.iter().map(|change| self.telling(change)).collect();
            self.run("EVALSHA cache tell", &scripts?).await
        })
    }

    fn renew<'a>(&'a self, spaces: &'static [&'static str]) -> Answer<'a, ()> {
        Box::pin(
            async move { self.run("EVALSHA cache renew", &[self.renewal(spaces, None)?]).await },
        )
    }

    fn subscribe(&self) -> Answer<'_, Box<dyn Subscription>> {
        Box::pin(async move {
            let (mut sink, messages) = self.redis.line().await?.split();
            let subscribed = timeout(ANSWERED, sink.subscribe(&self.channel)).await;
            subscribed.map_err(RedisAway::from)?.map_err(RedisAway::from)?;
            let (own, next_look) = (self.own.clone(), Instant::now() + LOOK_EVERY);
            let line: Box<dyn Subscription> = Box::new(Line { sink, messages, own, next_look });
            Ok(line)
        })
    }
}

impl From<RedisAway> for TierAway {
    fn from(away: RedisAway) -> Self {
        Self(Box::new(away))
    }
}

/// A line on which others' messages come.
struct Line {
    sink: PubSubSink,
    messages: PubSubStream,
    /// Whose messages are passed over.
    own: String,
    next_look: Instant,
}

impl Line {
    /// `None` for one's own. What another release says in other words is a reason to doubt.
    fn read(&self, message: &Msg) -> Option<Notice> {
        let read = serde_json::from_slice(message.get_payload_bytes());
        let Ok(Message { by, notice }) = read else { return Some(Notice::Doubt) };
        (by != self.own).then_some(notice)
    }

    async fn is_alive(&mut self) -> bool {
        self.next_look = Instant::now() + LOOK_EVERY;
        matches!(timeout(ANSWERED, self.sink.ping::<Value>()).await, Ok(Ok(_)))
    }
}

impl Subscription for Line {
    fn next(&mut self) -> BoxFuture<'_, Option<Notice>> {
        Box::pin(async move {
            loop {
                let message = tokio::select! {
                    message = self.messages.next() => Some(message?),
                    () = sleep_until(self.next_look) => None,
                };
                match message {
                    Some(message) => {
                        if let Some(notice) = self.read(&message) {
                            return Some(notice);
                        }
                    }
                    None if self.is_alive().await => {}
                    None => return None,
                }
            }
        })
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
