//! Errors that are provoked on purpose: the way in to the target, and what the server said.

use super::{TargetSetup, clock};
use crate::domain::simulation::{NotSimulated, Simulated, objection};
use crate::engine::simulation::Simulation;
use std::time::Duration;

/// The longest that one takes, what it cleans up included, once its login is done.
pub(super) const LONGEST: Duration = Duration::from_secs(10);
/// The name under which the server sees the connections: `dba-gpt simulate`.
const PURPOSE: &str = "simulate";

/// Provokes one error on a target whose configuration allows it. What writes into scratch objects does so under the fix
/// login, where there is one.
pub(super) async fn simulate(setup: &TargetSetup, name: &str) -> Result<Simulated, NotSimulated> {
    let simulation = find(setup, name)?;
    let offer = simulation.offer;
    if let Some(words) = objection(&setup.target, &offer) {
        return Err(NotSimulated::Refused(words));
    }
    let (spec, door) = (setup.spec, &setup.door);
    let door = match &setup.fix {
        Some(fix) if offer.writes && spec.takes_password => {
            door.with_login(spec, &fix.user, fix.source.clone(), &fix.helpers).map_err(NotSimulated::Refused)?
        }
        _ => door.clone(),
    };
    let raised = door.simulate(spec, simulation.run, PURPOSE).await?;
    Ok(Simulated::new(offer, raised, spec.dialect.errors(), clock::now(), &setup.target.id))
}

fn find(setup: &TargetSetup, name: &str) -> Result<&'static Simulation, NotSimulated> {
    let all = setup.spec.simulations;
    all.iter().find(|s| s.offer.error.name == name).ok_or_else(|| {
        let known: Vec<&str> = all.iter().map(|s| s.offer.error.name).collect();
        NotSimulated::Refused(format!(
            "{} cannot be made to give `{name}`; there are {}",
            setup.spec.name,
            known.join(", ")
        ))
    })
}
