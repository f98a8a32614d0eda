//! What happened, in lines. Written only where somebody will read it: a run that fails is run again for its trace.

use std::sync::{Arc, Mutex, PoisonError};

use trustline_core::ledger::{Effect, Fact};

use crate::number;

/// Clones write to the same trace.
#[derive(Clone, Debug, Default)]
pub(super) struct Trace {
    lines: Option<Arc<Mutex<Vec<String>>>>,
}

impl Trace {
    pub(super) fn on() -> Self {
        Self { lines: Some(Arc::default()) }
    }

    pub(super) fn is_on(&self) -> bool {
        self.lines.is_some()
    }

    pub(super) fn line(&self, line: String) {
        if let Some(lines) = &self.lines {
            // A run that panics leaves no line half written.
            lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        }
    }

    pub(super) fn take(&self) -> Vec<String> {
        self.lines.as_ref().map(|lines| std::mem::take(&mut *lines.lock().unwrap_or_else(PoisonError::into_inner))).unwrap_or_default()
    }
}

pub(super) fn describe_effects(effects: &[Effect]) -> String {
    effects.iter().map(describe_effect).collect::<Vec<_>>().join(", ")
}

fn describe_effect(effect: &Effect) -> String {
    let what = match &effect.fact {
        Fact::Prepared { transfer, .. } => format!("{} prepared", number(transfer.id)),
        Fact::Fulfilling { id, .. } => format!("{} fulfilling", number(*id)),
        Fact::Fulfilled { id, .. } => format!("{} fulfilled", number(*id)),
        Fact::Rejected { id, by, .. } => format!("{} rejected by {by:?}", number(*id)),
        Fact::Refused { id } => format!("{} refused", number(*id)),
        Fact::Expired { id } => format!("{} expired", number(*id)),
        Fact::Acknowledged { id } => format!("{} acknowledged", number(*id)),
        Fact::Transferring { id, .. } => format!("{} transferring", number(*id)),
        Fact::Transferred { id, .. } => format!("{} transferred", id.map_or(0, number)),
        Fact::BoundsChanged { bounds } => format!("{bounds:?}"),
        Fact::Opened { id } => format!("{id} opened"),
        Fact::PeerSeen { position } => format!("{position:?} seen"),
        Fact::UnnamedPeerSeen => "unnamed peer seen".to_owned(),
    };
    format!("#{} {what}", effect.sequence)
}
