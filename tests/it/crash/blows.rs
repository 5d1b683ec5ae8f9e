//! What is done to the house, drawn from the seed: kills, pauses and cut lines, one after the other.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::time::{Instant, sleep};

use super::house::House;

/// A pause that a lease of thirty seconds does not outlive.
const LONG_PAUSE: Duration = Duration::from_secs(33);

/// Only where there is time for it.
const LONG_PAUSE_FROM: Duration = Duration::from_secs(120);

/// RabbitMQ takes ten seconds to come back.
const BETWEEN_RABBITS: Duration = Duration::from_secs(25);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Api(usize),
    Worker(usize),
    Gateway,
    Postgres,
    Redis,
    RabbitMq,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Api(_) => "api",
            Self::Worker(_) => "worker",
            Self::Gateway => "gateway",
            Self::Postgres => "postgres",
            Self::Redis => "redis",
            Self::RabbitMq => "rabbitmq",
        })
    }
}

/// How often what was done.
#[derive(Debug, Default)]
pub struct Tally {
    pub kills: BTreeMap<String, u32>,
    pub pauses: u32,
    pub long_pauses: u32,
    pub cuts: u32,
}

impl Tally {
    pub fn all_kills(&self) -> u32 {
        self.kills.values().sum()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kills: Vec<String> =
            self.kills.iter().map(|(part, times)| format!("{part} {times}")).collect();
        let Self { pauses, long_pauses, cuts, .. } = self;
        write!(
            f,
            "{} kills ({}), {pauses} pauses ({long_pauses} through a lease), {cuts} cut lines",
            self.all_kills(),
            kills.join(", ")
        )
    }
}

/// Somebody who breaks things.
pub struct Vandal {
    dice: StdRng,
    tally: Tally,
    rabbit_rests_until: Instant,
    asleep: Option<(usize, Instant)>,
}

impl Vandal {
    pub fn new(seed: u64) -> Self {
        Self {
            dice: StdRng::seed_from_u64(seed),
            tally: Tally::default(),
            rabbit_rests_until: Instant::now(),
            asleep: None,
        }
    }

    /// Breaks things for so long, and puts everything right at the end.
    pub async fn rage(mut self, house: &mut House, lasts: Duration) -> Tally {
        let end = Instant::now() + lasts;
        while Instant::now() < end {
            sleep(Duration::from_millis(self.dice.random_range(150..900))).await;
            house.keep();
            self.wake(house).await;
            match self.dice.random_range(0..10) {
                0..5 => self.kill(house).await,
                5..8 => self.pause(house).await,
                8 => self.cut(house).await,
                _ if lasts >= LONG_PAUSE_FROM => self.lull(house).await,
                _ => self.cut(house).await,
            }
        }
        house.restore().await;
        self.tally
    }

    fn part(&mut self, house: &House) -> Part {
        match self.dice.random_range(0..20) {
            0..8 => Part::Api(self.dice.random_range(0..house.apis.len())),
            8..12 => Part::Worker(self.dice.random_range(0..house.workers.len())),
            12..15 => Part::Gateway,
            15..17 => Part::Postgres,
            17..19 => Part::Redis,
            _ if Instant::now() >= self.rabbit_rests_until => Part::RabbitMq,
            _ => Part::Api(0),
        }
    }

    async fn kill(&mut self, house: &mut House) {
        let part = self.part(house);
        *self.tally.kills.entry(part.to_string()).or_default() += 1;
        let dead_for = Duration::from_millis(self.dice.random_range(0..400));
        match part {
            Part::Api(number) => {
                self.asleep.take_if(|(asleep, _)| *asleep == number);
                house.apis[number].kill().await;
            }
            Part::Worker(number) => house.workers[number].kill().await,
            Part::Gateway => house.gateway.kill().await,
            Part::Postgres => house.postgres.kill().await,
            Part::Redis => house.redis.kill().await,
            Part::RabbitMq => house.rabbit.kill().await,
        }
        sleep(dead_for).await;
        match part {
            Part::Api(_) | Part::Worker(_) | Part::Gateway => house.keep(),
            Part::Postgres => house.postgres.ready().await,
            Part::Redis => house.redis.ready().await,
            Part::RabbitMq => {
                house.rabbit.start();
                self.rabbit_rests_until = Instant::now() + BETWEEN_RABBITS;
            }
        }
    }

    async fn signal(house: &House, part: Part, name: &str) {
        match part {
            Part::Api(number) => house.apis[number].signal(name).await,
            Part::Worker(number) => house.workers[number].signal(name).await,
            Part::Gateway => house.gateway.signal(name).await,
            Part::Postgres => house.postgres.signal(name).await,
            Part::Redis => house.redis.signal(name).await,
            Part::RabbitMq => house.rabbit.signal(name).await,
        }
    }

    async fn pause(&mut self, house: &House) {
        let part = self.part(house);
        self.tally.pauses += 1;
        Self::signal(house, part, "STOP").await;
        sleep(Duration::from_millis(self.dice.random_range(50..1_500))).await;
        if self.asleep.is_none_or(|(asleep, _)| part != Part::Api(asleep)) {
            Self::signal(house, part, "CONT").await;
        }
    }

    async fn cut(&mut self, house: &House) {
        let line = &house.lines[self.dice.random_range(0..house.lines.len())];
        self.tally.cuts += 1;
        line.cut().await;
        sleep(Duration::from_millis(self.dice.random_range(0..300))).await;
        line.open().await;
    }

    /// Stops an instance for longer than its leases live, while the rest goes on.
    async fn lull(&mut self, house: &House) {
        if self.asleep.is_none() {
            let number = self.dice.random_range(0..house.apis.len());
            self.tally.long_pauses += 1;
            self.tally.pauses += 1;
            house.apis[number].signal("STOP").await;
            self.asleep = Some((number, Instant::now() + LONG_PAUSE));
        }
    }

    async fn wake(&mut self, house: &House) {
        if let Some((number, _)) = self.asleep.take_if(|(_, until)| *until <= Instant::now()) {
            house.apis[number].signal("CONT").await;
        }
    }
}
