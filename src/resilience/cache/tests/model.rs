//! Whatever happens in whatever order: what a read shows is never older than what its reader may rely on.
//!
//! A model of two instances over one shared tier and one origin, with two keys that have versions and a list of both that
//! has none. Loads, changes and what is told of them are taken apart
//! into their steps, and a random schedule interleaves these with lost lines, an absent tier, evictions and time. A read
//! that begins must show at least
//!
//! - every version that its own instance has acknowledged to a writer,
//! - every version that its instance was told of,
//! - every version that was acknowledged anywhere a second ago or earlier.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use proptest::prelude::{Just, Strategy, prop_oneof, proptest};
use proptest::test_runner::TestCaseError;
use time::{Duration, OffsetDateTime};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::super::tier::{CacheTier, Notice};
use super::super::{Cache, CacheSettings, Lifetimes, Loaded, Moment, NotLoaded, Peers};
use super::shelf::Shelf;
use super::{Away, LISTS, SPACES, ambient, clock, settings, settle};
use crate::domain::clock::{Clock, ManualClock};

const KEYS: usize = 2;
const INSTANCES: usize = 2;

/// The longest time that a lost line may go unnoticed.
const UNNOTICED: Duration = Duration::milliseconds(500);

/// One thing that happens; a number chooses among what is there.
#[derive(Debug, Clone)]
enum Step {
    Read {
        instance: usize,
        key: usize,
    },
    ReadList {
        instance: usize,
    },
    /// The load that has waited longest but so many comes to its end.
    EndLoad(usize),
    Commit {
        instance: usize,
        key: usize,
    },
    /// A writer whose change is committed goes on: memory, then the others. The first try to tell them may fail.
    Acknowledge {
        which: usize,
        first_try: Try,
    },
    Deliver {
        instance: usize,
    },
    CutLine {
        instance: usize,
    },
    RegainLine {
        instance: usize,
    },
    TierDown,
    TierUp,
    TierForgets,
    Evict {
        instance: usize,
        key: usize,
    },
    Pass {
        milliseconds: i64,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Try {
    Succeeds,
    Fails,
}

fn tries() -> impl Strategy<Value = Try> {
    prop_oneof![Just(Try::Succeeds), Just(Try::Fails)]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let (instance, key) = (0..INSTANCES, 0..KEYS);
    let both = (instance.clone(), key);
    let step = prop_oneof![
        6 => both.clone().prop_map(|(instance, key)| Step::Read { instance, key }),
        4 => instance.clone().prop_map(|instance| Step::ReadList { instance }),
        6 => (0..4_usize).prop_map(Step::EndLoad),
        3 => both.clone().prop_map(|(instance, key)| Step::Commit { instance, key }),
        3 => (0..4_usize, tries()).prop_map(|(which, first_try)| Step::Acknowledge { which, first_try }),
        4 => instance.clone().prop_map(|instance| Step::Deliver { instance }),
        1 => instance.clone().prop_map(|instance| Step::CutLine { instance }),
        2 => instance.prop_map(|instance| Step::RegainLine { instance }),
        1 => Just(Step::TierDown),
        2 => Just(Step::TierUp),
        1 => Just(Step::TierForgets),
        1 => both.prop_map(|(instance, key)| Step::Evict { instance, key }),
        3 => (1..1_500_i64).prop_map(|milliseconds| Step::Pass { milliseconds }),
    ];
    proptest::collection::vec(step, 1..80)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    Up,
    /// Broken, and nobody has noticed.
    Broken {
        since: OffsetDateTime,
    },
    Lost,
}

struct Instance {
    peers: Arc<Peers>,
    cache: Cache<i64, Away>,
    lists: Cache<[i64; KEYS], Away>,
    line: Line,
    inbox: VecDeque<Notice>,
    /// By key: the newest version that it acknowledged or was told of.
    relied_on: [i64; KEYS],
}

struct Write {
    instance: usize,
    key: usize,
    version: i64,
    moment: Moment,
}

/// What is read of a key alone; nothing is known of the others.
type Seen = [Option<i64>; KEYS];

struct Read {
    least: [i64; KEYS],
    answer: JoinHandle<Result<Seen, NotLoaded<Away>>>,
}

struct World {
    clock: Arc<ManualClock>,
    shelf: Arc<Shelf>,
    tier_is_up: bool,
    origin: Arc<[AtomicI64; KEYS]>,
    /// Loads that have read and not brought yet.
    loads: Arc<Mutex<VecDeque<oneshot::Sender<()>>>>,
    instances: Vec<Instance>,
    committed: VecDeque<Write>,
    acknowledged: Vec<(OffsetDateTime, usize, i64)>,
    reads: Vec<Read>,
}

impl World {
    fn new() -> Self {
        let (clock, shelf) = (clock(), Arc::new(Shelf::default()));
        let ambient = ambient(&clock);
        let lifetimes = Lifetimes {
            fresh: Duration::seconds(3),
            stale: Duration::seconds(3),
            rescue: Duration::seconds(3),
            absent: Duration::seconds(1),
        };
        let instance = || {
            let tier: Arc<dyn CacheTier> = shelf.clone();
            let peers = Arc::new(Peers::new(Some(tier), SPACES));
            let cache = Cache::new(settings(lifetimes), &ambient, &peers);
            let of_lists = CacheSettings { space: LISTS, ..settings(lifetimes) };
            let lists = Cache::new(of_lists, &ambient, &peers);
            peers.gain();
            let (line, inbox) = (Line::Up, VecDeque::new());
            Instance { peers, cache, lists, line, inbox, relied_on: [1; KEYS] }
        };
        let instances = std::iter::repeat_with(instance).take(INSTANCES).collect();
        Self {
            clock,
            tier_is_up: true,
            origin: Arc::new([(); KEYS].map(|()| AtomicI64::new(1))),
            loads: Arc::default(),
            instances,
            shelf,
            committed: VecDeque::new(),
            acknowledged: Vec::new(),
            reads: Vec::new(),
        }
    }

    async fn take(&mut self, step: Step) {
        match step {
            Step::Read { instance, key } => self.read(instance, key),
            Step::ReadList { instance } => self.read_list(instance),
            Step::EndLoad(which) => self.end_load(which),
            Step::Commit { instance, key } => self.commit(instance, key),
            Step::Acknowledge { which, first_try } => self.acknowledge(which, first_try).await,
            Step::Deliver { instance } => self.deliver(instance),
            Step::CutLine { instance } => self.cut(instance),
            Step::RegainLine { instance } => self.regain(instance).await,
            Step::TierDown => {
                self.tier_is_up = false;
                self.shelf.leave();
                (0..INSTANCES).for_each(|instance| self.cut(instance));
            }
            Step::TierUp => {
                self.tier_is_up = true;
                self.shelf.come_back();
            }
            Step::TierForgets => self.shelf.forget(),
            Step::Evict { instance, key } => {
                self.instances[instance].cache.0.values.invalidate(&key.to_string());
                self.instances[instance].lists.0.values.invalidate("all");
            }
            Step::Pass { milliseconds } => self.pass(milliseconds).await,
        }
        settle().await;
    }

    /// What a read at this instance that begins now must show at least.
    fn least(&self, instance: usize) -> [i64; KEYS] {
        let mut least = self.instances[instance].relied_on;
        let now = self.clock.now();
        for (at, key, version) in &self.acknowledged {
            if now - *at >= Duration::SECOND {
                least[*key] = least[*key].max(*version);
            }
        }
        least
    }

    fn read(&mut self, instance: usize, key: usize) {
        let (least, cache) = (self.least(instance), self.instances[instance].cache.clone());
        let (origin, loads) = (Arc::clone(&self.origin), Arc::clone(&self.loads));
        let answer = tokio::spawn(async move {
            let load = || {
                let (origin, loads) = (Arc::clone(&origin), Arc::clone(&loads));
                async move {
                    let version = origin[key].load(Ordering::SeqCst);
                    wait_in(&loads).await?;
                    Ok(Some(Loaded { version, value: version }))
                }
            };
            let mut seen = [None; KEYS];
            seen[key] = cache.get(&key.to_string(), load).await?.map(|version| *version);
            Ok(seen)
        });
        self.reads.push(Read { least, answer });
    }

    fn read_list(&mut self, instance: usize) {
        let (least, lists) = (self.least(instance), self.instances[instance].lists.clone());
        let (origin, loads) = (Arc::clone(&self.origin), Arc::clone(&self.loads));
        let answer = tokio::spawn(async move {
            let load = || {
                let (origin, loads) = (Arc::clone(&origin), Arc::clone(&loads));
                async move {
                    let value = [0, 1].map(|key: usize| origin[key].load(Ordering::SeqCst));
                    wait_in(&loads).await?;
                    Ok(Some(Loaded { version: 0, value }))
                }
            };
            Ok(lists.get("all", load).await?.unwrap().map(Some))
        });
        self.reads.push(Read { least, answer });
    }

    fn end_load(&self, which: usize) {
        let mut loads = self.loads.lock().unwrap();
        let which = which.min(loads.len().saturating_sub(1));
        if let Some(end) = loads.remove(which) {
            // Its flight may be lost with the world.
            let _gone_is_fine = end.send(());
        }
    }

    fn commit(&mut self, instance: usize, key: usize) {
        let moment = Moment::now(&self.ambient(), &self.instances[instance].peers);
        let version = self.origin[key].fetch_add(1, Ordering::SeqCst) + 1;
        self.committed.push_back(Write { instance, key, version, moment });
    }

    async fn acknowledge(&mut self, which: usize, first_try: Try) {
        let which = which.min(self.committed.len().saturating_sub(1));
        let Some(write) = self.committed.remove(which) else { return };
        let Write { instance, key, version, moment } = write;
        let of = &self.instances[instance];
        of.cache.change(&key.to_string(), version, version, moment);
        of.lists.void();
        if first_try == Try::Fails {
            self.shelf.leave();
        }
        let told = of.peers.tell().await.is_ok();
        if self.tier_is_up {
            self.shelf.come_back();
        }
        if told {
            self.post(instance);
        }
        let relied_on = &mut self.instances[instance].relied_on[key];
        *relied_on = version.max(*relied_on);
        self.acknowledged.push((self.clock.now(), key, version));
    }

    /// What was told goes to whoever else has a line.
    fn post(&mut self, by: usize) {
        let told = self.shelf.take_told();
        for (number, instance) in self.instances.iter_mut().enumerate() {
            if number != by && instance.line == Line::Up {
                instance.inbox.extend(told.iter().cloned());
            }
        }
    }

    /// All that is on its way to it.
    fn deliver(&mut self, instance: usize) {
        let instance = &mut self.instances[instance];
        for notice in instance.inbox.drain(..) {
            instance.cache.hear(&notice);
            instance.lists.hear(&notice);
            if let Notice::Value { key, version, .. } = &notice {
                let relied_on = &mut instance.relied_on[key.parse::<usize>().unwrap()];
                *relied_on = (*version).max(*relied_on);
            }
        }
    }

    fn cut(&mut self, instance: usize) {
        let since = self.clock.now();
        let instance = &mut self.instances[instance];
        if instance.line == Line::Up {
            instance.line = Line::Broken { since };
            instance.inbox.clear();
        }
    }

    fn notice(&mut self, instance: usize) {
        let instance = &mut self.instances[instance];
        if matches!(instance.line, Line::Broken { .. }) {
            instance.line = Line::Lost;
            instance.peers.lose();
        }
    }

    async fn regain(&mut self, instance: usize) {
        if self.instances[instance].line == Line::Up || !self.tier_is_up {
            return;
        }
        self.notice(instance);
        self.shelf.renew(SPACES).await.unwrap();
        let instance = &mut self.instances[instance];
        instance.line = Line::Up;
        instance.peers.gain();
    }

    /// In short pieces, in each of which what has to happen by its time does: the loops of `Peers::follow`.
    async fn pass(&mut self, milliseconds: i64) {
        let mut left = milliseconds;
        while left > 0 {
            let piece = left.min(100);
            left -= piece;
            for instance in 0..INSTANCES {
                if self.instances[instance].peers.tell().await.is_ok() {
                    self.post(instance);
                }
            }
            for instance in 0..INSTANCES {
                self.deliver(instance);
                if let Line::Broken { since } = self.instances[instance].line
                    && self.clock.now() + Duration::milliseconds(piece) - since >= UNNOTICED
                {
                    self.notice(instance);
                }
            }
            self.clock.advance(Duration::milliseconds(piece));
            settle().await;
        }
    }

    fn ambient(&self) -> crate::domain::ambient::Ambient {
        ambient(&self.clock)
    }

    /// Every read that has its answer has a good one; how many have none yet.
    async fn check(&mut self) -> Result<(), TestCaseError> {
        let mut waiting = Vec::new();
        for read in self.reads.drain(..) {
            if !read.answer.is_finished() {
                waiting.push(read);
                continue;
            }
            let seen = read.answer.await.unwrap().unwrap();
            let pairs = seen.iter().zip(read.least);
            if pairs.clone().any(|(shown, least)| shown.is_some_and(|shown| shown < least)) {
                return Err(TestCaseError::fail(format!("{seen:?} after {:?}", read.least)));
            }
        }
        self.reads = waiting;
        Ok(())
    }
}

/// Until its turn comes.
async fn wait_in(loads: &Mutex<VecDeque<oneshot::Sender<()>>>) -> Result<(), Away> {
    let (end, ended) = oneshot::channel();
    loads.lock().unwrap().push_back(end);
    ended.await.map_err(|_lost| Away)
}

async fn run(steps: Vec<Step>) -> Result<(), TestCaseError> {
    let mut world = World::new();
    for step in steps {
        world.take(step).await;
        world.check().await?;
    }
    while !world.loads.lock().unwrap().is_empty() {
        world.end_load(0);
        settle().await;
    }
    world.check().await?;
    assert!(world.reads.is_empty(), "somebody waits for nothing");
    Ok(())
}

proptest! {
    #[test]
    fn no_read_shows_less_than_its_reader_may_rely_on(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(run(steps))?;
    }
}
