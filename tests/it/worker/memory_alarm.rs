//! A RabbitMQ that is short of memory: it takes nothing for a while, we go on, and then it gets everything.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use till::domain::ambient::Ambient;
use till::service::orders;
use till::service::outbox::measure_lag;
use till::worker::Worker;
use tokio::process::Command;
use tokio::time::interval;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::register;
use crate::crash::servers::Server;
use crate::support::directory::Directory;
use crate::support::factories::{customer, order_of, product};
use crate::support::line::Line;
use crate::support::program::free_ports;
use crate::support::rabbit::Rabbit;
use crate::support::services;
use crate::support::smtp::SmtpSink;
use crate::support::worker::{dead_letters, left_over, parts};

/// A RabbitMQ of the test's own, as an alarm is one for all who use it.
struct Node {
    directory: Directory,
    server: Server,
    ports: [u16; 3],
    _epmd: Server,
}

impl Node {
    async fn start() -> Self {
        let directory = Directory::new("memory-alarm");
        let ports = free_ports();
        let [amqp, epmd, dist] = ports;
        let at = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut mapper = Server::new("epmd", &directory.0, at(epmd), vec![]);
        mapper.start();
        mapper.ready().await;
        let mut server = Server::new("rabbitmq", &directory.0, at(amqp), vec![epmd, dist]);
        server.start();
        server.ready().await;
        Self { directory, server, ports, _epmd: mapper }
    }

    /// How much of the machine's memory it may use before it takes nothing more.
    async fn set_watermark(&self, fraction: &str) {
        let [amqp, epmd, _dist] = self.ports;
        let installed = Path::new("/usr/lib/rabbitmq/bin/rabbitmqctl");
        let program = if installed.exists() { installed } else { Path::new("rabbitmqctl") };
        let output = Command::new(program)
            .env("HOME", self.directory.0.join("rabbitmq"))
            .env("ERL_EPMD_PORT", epmd.to_string())
            .args(["--node", &format!("till-test-{amqp}@localhost")])
            .args(["set_vm_memory_high_watermark", fraction])
            .output()
            .await
            .unwrap();
        assert!(output.status.success(), "{output:?}");
    }
}

#[tokio::test]
async fn while_the_memory_alarm_is_on_orders_are_taken_and_afterwards_nothing_is_lost() {
    let mut node = Node::start().await;
    let line = Line::closed(node.server.address).await;
    line.open().await;
    let prefix = format!("till_test_{}", Ambient::system().uuid().simple());
    let rabbit = Rabbit { line, prefix };
    let test = services().await;
    let sink = SmtpSink::start().await;
    let worker = Worker::over_rabbitmq(parts(&test, &sink), |wishes| rabbit.broker(wishes));
    let (broker, tasks) = (worker.rabbit().unwrap(), TaskTracker::new());
    let stop = CancellationToken::new();
    worker.spawn(&tasks, &stop);
    let mut looks = interval(Duration::from_millis(20));
    register(&test, "before").await;
    sink.wait_for(1).await;
    node.set_watermark("0").await;
    // It says so to whoever publishes, and may still take what told it.
    let mut people = 1;
    while broker.is_ready() {
        register(&test, &format!("alarm-{people}")).await;
        people += 1;
        looks.tick().await;
    }
    let before = measure_lag(&test.services).await.unwrap().unsent;
    let buyer = customer(&test).await;
    let goods = product(&test, "TEA", 50, buyer).await;
    for number in 0..20 {
        register(&test, &format!("meanwhile-{number}")).await;
        let order = order_of(buyer, &[(goods.id, 1)]);
        orders::place(&test.services, None, &test.cause(), &order).await.unwrap();
    }
    people += 20;
    let during = measure_lag(&test.services).await.unwrap().unsent;
    assert!(!broker.is_ready() && during >= before + 40, "{before} became {during}");
    node.set_watermark("0.6").await;
    while !left_over(&test).await.is_empty() {
        looks.tick().await;
    }
    let arrived = sink.wait_for(people).await;
    let reached: BTreeSet<&str> = arrived.iter().map(|mail| mail.to.as_str()).collect();
    assert_eq!((arrived.len(), reached.len()), (people, people));
    assert_eq!(dead_letters(&test).await, []);
    stop.cancel();
    tasks.close();
    tasks.wait().await;
    // With all that it started; where the test fails before, that ends with the test's session.
    node.server.kill().await;
}
