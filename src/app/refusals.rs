//! Records what was refused, the first of each minute, kind and object: whoever repeats it does not fill the audit trail
//! (security.md LG-1).

use std::time::Duration;

use sea_orm::DbErr;

use crate::app::App;
use crate::domain::actor::Context;
use crate::domain::event::Event;
use crate::storage::ephemeral::Kind;

const WRITTEN_ONCE_IN: Duration = Duration::from_secs(60);

impl App {
    /// Records a refusal, unless one of its kind was recorded for its object in this minute.
    pub async fn record_refusal(&self, context: &Context, event: Event) -> Result<(), DbErr> {
        let (action, object) = (event.action.as_str(), &event.object);
        let minute = format!("audit {action} {object} {}", self.clock.now().timestamp() / 60);
        let first = self
            .ephemeral
            .put_new(Kind::Counter, &minute, &[], WRITTEN_ONCE_IN)
            .await;
        match first {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            // ST-1: it is refused and logged all the same; what is not counted does not fill the trail.
            Err(unreachable) => {
                unreachable.pass_over("the record of a refusal");
                return Ok(());
            }
        }
        self.write(context, async |tx| tx.record(event.clone()).await)
            .await
    }
}
