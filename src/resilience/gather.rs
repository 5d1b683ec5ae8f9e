//! Gathers questions that are asked at the same time into one: while one is under way, those who come wait and are asked
//! together next; it knows no database and keeps no answer.
//!
//! Nobody waits for company, and no answer is older than its question: what is asked was gathered before the asking began.
//! One of those who wait does the asking, in its own request. If it goes away, the next one takes over; if it fails, all for
//! whom it asked fail: they would ask the same in vain. If it takes long, which may be its own misfortune, each who waits
//! asks alone after a while.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

/// Those who want to know what `K` stands for.
#[derive(Debug)]
pub struct Gather<K, V> {
    /// How long anybody waits for others before it asks alone.
    patience: Duration,
    state: Shared<K, V>,
}

type Shared<K, V> = Arc<Mutex<State<K, V>>>;

#[derive(Debug)]
struct State<K, V> {
    is_asking: bool,
    waiting: VecDeque<Waiting<K, V>>,
}

#[derive(Debug)]
struct Waiting<K, V> {
    question: K,
    told: oneshot::Sender<Told<K, V>>,
}

#[derive(Debug)]
enum Told<K, V> {
    Answer(V),
    Failed,
    /// It is this one's turn to ask.
    Turn(Turn<K, V>),
}

/// The right to ask; it goes to the next one when it is dropped.
#[derive(Debug)]
struct Turn<K, V>(Shared<K, V>);

/// Why there is no answer.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum AskError<E> {
    #[error(transparent)]
    Failed(E),
    /// It was asked by another request, which has the cause.
    #[error("what was asked for many failed")]
    FailedForAll,
}

impl<K: Clone, V> Gather<K, V> {
    pub fn new(patience: Duration) -> Self {
        let state = State { is_asking: false, waiting: VecDeque::new() };
        Self { patience, state: Arc::new(Mutex::new(state)) }
    }

    /// The answer to `question`; `ask` gets questions and must answer all of them, in their order.
    ///
    /// # Errors
    /// What `ask` fails with, here or for another one.
    pub async fn ask<E, F, Asking>(&self, question: K, ask: F) -> Result<V, AskError<E>>
    where
        F: Fn(Vec<K>) -> Asking,
        Asking: Future<Output = Result<Vec<V>, E>>,
    {
        loop {
            let turn = match self.join(&question) {
                Joined::First(turn) => turn,
                Joined::Waiting(told) => match timeout(self.patience, told).await {
                    Ok(Ok(Told::Answer(answer))) => return Ok(answer),
                    Ok(Ok(Told::Failed)) => return Err(AskError::FailedForAll),
                    Ok(Ok(Told::Turn(turn))) => turn,
                    // Whoever asked for this one went away.
                    Ok(Err(_)) => continue,
                    Err(_elapsed) => {
                        self.forget_those_who_left();
                        return alone(question, ask).await;
                    }
                },
            };
            return lead(turn, question, ask).await;
        }
    }

    fn join(&self, question: &K) -> Joined<K, V> {
        let mut state = lock(&self.state);
        if !state.is_asking {
            state.is_asking = true;
            return Joined::First(Turn(Arc::clone(&self.state)));
        }
        let (told, receiver) = oneshot::channel();
        state.waiting.push_back(Waiting { question: question.clone(), told });
        Joined::Waiting(receiver)
    }

    /// While one asks for ever, no more wait than come within the patience.
    fn forget_those_who_left(&self) {
        lock(&self.state).waiting.retain(|waiting| !waiting.told.is_closed());
    }
}

enum Joined<K, V> {
    First(Turn<K, V>),
    Waiting(oneshot::Receiver<Told<K, V>>),
}

async fn alone<K, V, E, F, Asking>(question: K, ask: F) -> Result<V, AskError<E>>
where
    F: Fn(Vec<K>) -> Asking,
    Asking: Future<Output = Result<Vec<V>, E>>,
{
    let answers = ask(vec![question]).await.map_err(AskError::Failed)?;
    answers.into_iter().next().ok_or(AskError::FailedForAll)
}

/// Asks for all who wait now.
async fn lead<K: Clone, V, E, F, Asking>(
    turn: Turn<K, V>,
    question: K,
    ask: F,
) -> Result<V, AskError<E>>
where
    F: Fn(Vec<K>) -> Asking,
    Asking: Future<Output = Result<Vec<V>, E>>,
{
    let others: Vec<_> = lock(&turn.0).waiting.drain(..).collect();
    let mut questions = vec![question];
    questions.extend(others.iter().map(|other| other.question.clone()));
    let answered = ask(questions).await;
    // The next ones need not wait until all of these have heard.
    drop(turn);
    let (error, mut answers) = match answered {
        Ok(answers) => (AskError::FailedForAll, answers.into_iter()),
        Err(error) => (AskError::Failed(error), Vec::new().into_iter()),
    };
    let own = answers.next();
    for other in others {
        // One that went away needs none.
        drop(other.told.send(answers.next().map_or(Told::Failed, Told::Answer)));
    }
    own.ok_or(error)
}

impl<K, V> Drop for Turn<K, V> {
    fn drop(&mut self) {
        let mut state = lock(&self.0);
        // However many went away: each of them would hand the turn on from within this call.
        state.waiting.retain(|waiting| !waiting.told.is_closed());
        let Some(next) = state.waiting.pop_front() else {
            state.is_asking = false;
            return;
        };
        drop(state);
        // One that goes away just now gives its turn to the next, by dropping it.
        drop(next.told.send(Told::Turn(Self(Arc::clone(&self.0)))));
    }
}

fn lock<K, V>(state: &Mutex<State<K, V>>) -> MutexGuard<'_, State<K, V>> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::pin::Pin;
    use std::time::Duration;

    use futures_util::future::join_all;
    use futures_util::poll;
    use tokio::sync::Notify;

    use super::{AskError, Gather};

    #[derive(Debug, PartialEq, Eq)]
    struct Refused;

    /// Answers ten times what was asked, once it is let; 13 can't be answered.
    struct Oracle {
        gather: Gather<u32, u32>,
        let_go: Notify,
        asked: RefCell<Vec<Vec<u32>>>,
    }

    type Asking<'a> = Pin<Box<dyn Future<Output = Result<u32, AskError<Refused>>> + 'a>>;

    impl Oracle {
        fn new(patience: Duration) -> Self {
            let (let_go, asked) = (Notify::new(), RefCell::default());
            Self { gather: Gather::new(patience), let_go, asked }
        }

        fn ask(&self, question: u32) -> Asking<'_> {
            Box::pin(self.gather.ask(question, move |questions: Vec<u32>| async move {
                self.asked.borrow_mut().push(questions.clone());
                self.let_go.notified().await;
                if questions.contains(&13) {
                    return Err(Refused);
                }
                Ok(questions.iter().map(|question| question * 10).collect())
            }))
        }

        fn asked(&self) -> Vec<Vec<u32>> {
            self.asked.borrow().clone()
        }
    }

    async fn begin(mut asking: Asking<'_>) -> Asking<'_> {
        assert!(poll!(&mut asking).is_pending());
        asking
    }

    #[tokio::test]
    async fn who_comes_while_one_asks_is_asked_for_together_with_all_others() {
        let oracle = Oracle::new(Duration::MAX);
        let mut asking = Vec::new();
        for question in 1..=4 {
            asking.push(begin(oracle.ask(question)).await);
        }
        assert_eq!(oracle.asked(), [[1]]);
        oracle.let_go.notify_one();
        let answers = async {
            let answers = join_all(asking).await;
            answers.into_iter().collect::<Result<Vec<_>, _>>()
        };
        let mut answers = Box::pin(answers);
        assert!(poll!(&mut answers).is_pending());
        assert_eq!(oracle.asked(), [vec![1], vec![2, 3, 4]]);
        oracle.let_go.notify_one();
        assert_eq!(answers.await, Ok(vec![10, 20, 30, 40]));
    }

    #[tokio::test]
    async fn when_the_one_who_asks_goes_away_the_next_one_asks() {
        let oracle = Oracle::new(Duration::MAX);
        let gone = begin(oracle.ask(1)).await;
        let also_gone = begin(oracle.ask(2)).await;
        let staying = begin(oracle.ask(3)).await;
        drop(also_gone);
        drop(gone);
        oracle.let_go.notify_one();
        assert_eq!(staying.await, Ok(30));
        oracle.let_go.notify_one();
        assert_eq!(oracle.ask(4).await, Ok(40));
    }

    #[tokio::test]
    async fn who_goes_away_with_the_turn_before_it_knows_leaves_it_to_the_next() {
        let oracle = Oracle::new(Duration::MAX);
        let first = begin(oracle.ask(1)).await;
        let (second, third) = (begin(oracle.ask(2)).await, begin(oracle.ask(3)).await);
        oracle.let_go.notify_one();
        assert_eq!(first.await, Ok(10));
        drop(second);
        oracle.let_go.notify_one();
        assert_eq!(third.await, Ok(30));
    }

    #[tokio::test]
    async fn what_fails_for_one_fails_for_those_it_asked_for_and_for_nobody_later() {
        let oracle = Oracle::new(Duration::MAX);
        let first = begin(oracle.ask(1)).await;
        let (leads, follows) = (begin(oracle.ask(13)).await, begin(oracle.ask(3)).await);
        oracle.let_go.notify_one();
        assert_eq!(first.await, Ok(10));
        let leads = begin(leads).await;
        let later = begin(oracle.ask(4)).await;
        oracle.let_go.notify_one();
        assert_eq!(leads.await, Err(AskError::Failed(Refused)));
        assert_eq!(follows.await, Err(AskError::FailedForAll));
        oracle.let_go.notify_one();
        assert_eq!(later.await, Ok(40));
    }
    #[tokio::test]
    async fn who_has_waited_long_enough_for_one_that_never_ends_asks_alone() {
        let oracle = Oracle::new(Duration::ZERO);
        let leader = begin(oracle.ask(1)).await;
        for question in 2..5 {
            let ask = |questions: Vec<u32>| async move { Ok::<_, Refused>(questions) };
            assert_eq!(oracle.gather.ask(question, ask).await, Ok(question));
        }
        assert_eq!(oracle.asked(), [[1]]);
        drop(leader);
        // Nobody is waited for who has left.
        let _next = begin(oracle.ask(5)).await;
        assert_eq!(oracle.asked(), [[1], [5]]);
    }

    #[tokio::test]
    async fn however_many_went_away_the_turn_comes_to_one_that_stays() {
        let oracle = Oracle::new(Duration::MAX);
        let gone = begin(oracle.ask(1)).await;
        let mut also_gone = Vec::new();
        for question in 0..100_000 {
            also_gone.push(begin(oracle.ask(question)).await);
        }
        let staying = begin(oracle.ask(3)).await;
        drop(also_gone);
        drop(gone);
        oracle.let_go.notify_one();
        assert_eq!(staying.await, Ok(30));
        assert_eq!(oracle.asked(), [[1], [3]]);
    }
}
