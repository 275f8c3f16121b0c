//! Who is renumbered since there was no room beside them is changed as much as who moved: kept
//! boards follow, and whoever listens hears of it.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use kernel::{FolderId, WorkItemId};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use tr_app::board::get_board;
use tr_app::folders::{CreateFolder, MoveFolder, create_folder, move_folder};
use tr_app::work_items::{CreateWorkItem, MoveWorkItem};
use tr_cache::{Cache, CacheSettings};
use tr_domain::{ElementType, WorkItemKind};

use crate::world::*;

/// A tenant, and boards that are kept and never computed again.
struct Kept {
    world: World,
    cache: Cache,
}

impl Kept {
    async fn new() -> Self {
        Self {
            world: World::new().await,
            cache: unchecked(),
        }
    }

    async fn board(&self, cache: &Cache, grid: WorkItemId) -> serde_json::Value {
        let ctx = self.world.ctx(Who::User);
        let board = get_board(&ctx, &self.world.db, cache, grid).await.unwrap();
        serde_json::from_slice(&board).unwrap()
    }

    /// Asserts that the boards that are kept are those that are computed.
    async fn assert_right(&self, grids: &[WorkItemId], what: &str) {
        for grid in grids {
            let kept = self.board(&self.cache, *grid).await;
            assert_eq!(kept, self.board(&unchecked(), *grid).await, "{what}");
        }
    }

    /// Where items and folders stand.
    async fn standing(&self) -> BTreeSet<(String, String)> {
        let sql = "SELECT CONCAT(LOWER(HEX(id)), ' ', position) AS it FROM work_items UNION ALL \
                   SELECT CONCAT(LOWER(HEX(id)), ' ', position) FROM folders";
        let lines = self.world.texts(sql).await;
        let pair = |line: String| {
            let (id, position) = line.split_once(' ').unwrap();
            (id.to_owned(), position.to_owned())
        };
        lines.into_iter().map(pair).collect()
    }

    /// Moves, and asserts that there was an event of all who stand elsewhere since.
    async fn moved(&self, command: MoveWorkItem) {
        let (before, last) = (self.standing().await, self.last().await);
        self.world.move_to(Who::Architect, command).await.unwrap();
        self.assert_told(&before, last).await;
    }

    async fn last(&self) -> i64 {
        self.world.number("SELECT value FROM event_counter").await
    }

    /// Asserts that there was an event, after the last one, of all that stood elsewhere before.
    async fn assert_told(&self, before: &BTreeSet<(String, String)>, last: i64) {
        let sql = format!(
            "SELECT LOWER(REPLACE(JSON_VALUE(payload, '$.object_id'), '-', '')) AS it FROM outbox \
             WHERE number > {last} AND kind IN ('work_item.moved', 'folder.moved')"
        );
        let told: BTreeSet<_> = self.world.texts(&sql).await.into_iter().collect();
        let after = self.standing().await;
        for (id, position) in before.difference(&after) {
            assert!(
                told.contains(id),
                "nobody was told of {id}, once at {position}"
            );
        }
    }
}

fn unchecked() -> Cache {
    let settings = CacheSettings {
        check_every: 0,
        ..CacheSettings::default()
    };
    Cache::new(settings, None)
}

fn after(moved: WorkItemId, first: WorkItemId) -> MoveWorkItem {
    MoveWorkItem {
        after: Some(first),
        ..stay(moved)
    }
}

#[tokio::test]
async fn a_board_follows_when_there_is_no_room_between_its_stages() {
    let kept = Kept::new().await;
    let world = &kept.world;
    let grid = world.grid("Launch").await;
    let mut stages = Vec::new();
    for name in ["A", "C", "B", "D"] {
        stages.push(world.child(WorkItemKind::Stage, grid, name).await);
    }
    let [a, c, b, d] = stages[..] else { panic!() };
    for moved in [b, d].into_iter().cycle().take(10) {
        kept.moved(after(moved, a)).await;
        kept.assert_right(&[grid], "between the same two").await;
    }
    kept.moved(after(c, a)).await;
    kept.assert_right(&[grid], "where there is no room").await;
}

/// It is moved all the same.
#[tokio::test]
async fn who_moves_may_get_the_number_that_they_had() {
    let kept = Kept::new().await;
    let world = &kept.world;
    let grid = world.grid("Launch").await;
    let mut stages = Vec::new();
    for (name, position) in [("X", -48), ("A", 1024), ("D", 1025), ("B", 2000)] {
        let id = world.child(WorkItemKind::Stage, grid, name).await;
        let hex = id.as_uuid().simple();
        let sql = format!("UPDATE work_items SET position = {position} WHERE id = x'{hex}'");
        world.sql(&sql).await;
        stages.push(id);
    }
    kept.assert_right(&[grid], "as it was").await;
    kept.moved(after(stages[0], stages[1])).await;
    kept.assert_right(&[grid], "where there is no room").await;
    let moved = world.get(stages[0]).await;
    assert_eq!((moved.position, moved.revision.0), (-48, 2));
    // Nobody moved those beside it.
    assert_eq!(world.get(stages[1]).await.revision.0, 1);
}

#[tokio::test]
async fn the_boards_of_grids_follow_when_there_is_no_room_between_them() {
    let kept = Kept::new().await;
    let mut grids = Vec::new();
    for name in ["First", "One", "Other", "Last"] {
        grids.push(kept.world.grid(name).await);
    }
    let [first, one, other, last] = grids[..] else {
        panic!()
    };
    for moved in [one, other].into_iter().cycle().take(24) {
        kept.assert_right(&grids, "between the same two").await;
        kept.moved(after(moved, first)).await;
    }
    let before = MoveWorkItem {
        before: Some(other),
        ..stay(last)
    };
    kept.moved(before).await;
    kept.assert_right(&grids, "the last").await;
}

#[tokio::test]
async fn folders_that_are_renumbered_are_told_of() {
    let kept = Kept::new().await;
    let world = &kept.world;
    let ctx = world.ctx(Who::Architect);
    let mut folders = Vec::new();
    for name in ["First", "One", "Other", "Last"] {
        let command = CreateFolder {
            parent_id: world.root,
            name: name.into(),
        };
        let made = create_folder(&ctx, &world.db, command, None).await.unwrap();
        folders.push(done(made).id);
    }
    let go = |id: FolderId, first: FolderId| MoveFolder {
        id,
        if_match: kernel::IfMatch::Missing,
        parent_id: None,
        before: None,
        after: Some(first),
    };
    for round in 0..24 {
        let (before, last) = (kept.standing().await, kept.last().await);
        let command = go(folders[1 + round % 2], folders[0]);
        let moved = move_folder(&ctx, &world.db, command, None).await.unwrap();
        assert_eq!(done(moved).id, folders[1 + round % 2]);
        kept.assert_told(&before, last).await;
    }
}

/// Whoever makes room is locked with who moves: moves wait for each other and for what is written
/// in the grids, and none is lost.
#[tokio::test]
async fn grids_move_at_the_same_time_where_there_is_no_room() {
    let kept = Kept::new().await;
    let world = &kept.world;
    let mut grids = Vec::new();
    for _ in 0..6 {
        grids.push(world.grid("Plan").await);
    }
    let sql = "UPDATE work_items SET position = position / 1024";
    world.sql(sql).await;
    kept.assert_right(&grids, "as it was").await;
    let (before, last) = (kept.standing().await, kept.last().await);
    let [first, others @ ..] = &grids[..] else {
        panic!()
    };
    let moves = others.iter().map(async |grid| {
        let command = after(*grid, *first);
        world.move_to(Who::Architect, command).await.unwrap();
    });
    let writes = grids.iter().rev().map(async |grid| {
        world.child(WorkItemKind::Stage, *grid, "S").await;
    });
    tokio::join!(join_all(moves), join_all(writes));
    kept.assert_right(&grids, "after all").await;
    kept.assert_told(&before, last).await;
}

/// Whatever moves wherever: kept boards are those that are computed, and everybody who stands
/// elsewhere was told of.
#[tokio::test]
async fn kept_boards_follow_random_moves() {
    let kept = Kept::new().await;
    let world = &kept.world;
    let folder = CreateFolder {
        parent_id: world.root,
        name: "Other".into(),
    };
    let ctx = world.ctx(Who::Architect);
    let folder = done(create_folder(&ctx, &world.db, folder, None).await.unwrap()).id;
    let mut grids = Vec::new();
    for n in 0..5 {
        let command = CreateWorkItem {
            folder_id: Some(if n < 3 { world.root } else { folder }),
            ..new(WorkItemKind::Grid, "Plan")
        };
        grids.push(world.create(Who::Architect, command).await.unwrap().id);
    }
    let stage = world.child(WorkItemKind::Stage, grids[0], "S").await;
    let mut stages = vec![stage];
    let themes = [
        world.child(WorkItemKind::Theme, grids[0], "T").await,
        world.child(WorkItemKind::Theme, grids[0], "U").await,
    ];
    let mut elements = Vec::new();
    for n in 0..4 {
        stages.push(world.child(WorkItemKind::Stage, grids[0], "S").await);
        let theme = themes[n % 2];
        elements.push(world.element(stage, theme, ElementType::Checkable).await);
    }
    // Beside each other, without room.
    for table in ["work_items", "folders"] {
        world
            .sql(&format!("UPDATE {table} SET position = position / 1024"))
            .await;
    }
    let mut random = StdRng::seed_from_u64(5);
    for round in 0..80 {
        let group = [&grids, &stages, &elements]
            .choose(&mut random)
            .unwrap()
            .to_vec();
        let [moved, beside] = [(); 2].map(|()| *group.choose(&mut random).unwrap());
        let there = world.get(beside).await;
        let command = MoveWorkItem {
            folder_id: there.folder_id,
            parent_id: there.parent_id,
            theme_id: there.theme_id,
            ..stay(moved)
        };
        let command = match random.random_range(0..3) {
            _ if moved == beside => command,
            0 => MoveWorkItem {
                before: Some(beside),
                ..command
            },
            // Most often to the same place.
            _ => MoveWorkItem {
                after: Some(beside),
                ..command
            },
        };
        let what = format!("round {round}: {command:?}");
        kept.moved(command).await;
        kept.assert_right(&grids, &what).await;
    }
}
