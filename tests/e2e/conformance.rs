//! Conformance: what holds for every object, field, operator, order and operation of the registry, on both doors
//! and both databases. Nothing here names an object, so a new one is tested from the day it is declared.

pub mod doors;
pub mod maker;
mod values;
pub mod world;

use crate::support::on_both;

on_both! {
    async fn seeds(stage) {
        let start = std::time::Instant::now();
        world::populate(stage).await;
        eprintln!("populated {:?}", start.elapsed());
        let world = world::World::seen_by(stage.server.kith.registry(), &stage.owner).await;
        for object in world.registry.objects() { eprintln!("{} {}", object.name, world.rows(object.name).len()); }
        eprintln!("{:#?}", world::uncovered(&world));
    }
}
