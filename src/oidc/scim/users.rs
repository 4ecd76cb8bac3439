//! The users: one by its id, or a list of those that a client sees (RFC 7644 §3.4). Filters that an index answers cost the
//! same with a million accounts as with a thousand; all others are judged one by one, among no more than
//! `MOST_LOOKED_AT`, or refused.

use serde_json::Value;

use super::error::{Error, Result, ScimType};
use super::listing::{Begin, ListRequest, MOST_LOOKED_AT, MOST_SKIPPED, Page};
use super::person::show_all;
use super::reader::Reader;
use super::remembered::{List, Position};
use super::user_plan::{Range, Way};
use crate::app::App;
use crate::domain::Subject;
use crate::domain::account::Account;
use crate::domain::scim::{ResourceType, Target, USER, matching};
use crate::storage::visible_accounts::{self, From, Place, Selection, Sorting};

/// Returns the user with this id, whole, and the account.
pub async fn find(app: &App, reader: &Reader, id: &str) -> Result<(Value, Account)> {
    let db = app.db.read();
    let visible = reader.visible();
    let found = if reader.has_public_ids() {
        visible_accounts::list_by_subjects(db, &visible, &[Subject::new(id)]).await?
    } else {
        // Nobody can find out whose a pairwise name is, but by making it for everybody.
        let few = visible_accounts::list_few(db, &visible, MOST_LOOKED_AT).await?;
        let mut few = few.ok_or_else(Error::too_many)?;
        few.retain(|it| reader.id_of(app, &it.sub) == id);
        few
    };
    let account = found.into_iter().next().ok_or_else(Error::not_found)?;
    let shown = show_all(app, reader, std::slice::from_ref(&account)).await?;
    let shown = shown.into_iter().next().ok_or_else(Error::not_found)?;
    Ok((shown, account))
}

/// Returns a page of the users that meet the filter. Groups may be searched as well, by the same request.
pub async fn list(
    app: &App,
    reader: &Reader,
    request: &ListRequest,
    others: &[&'static ResourceType],
) -> Result<Page> {
    let condition = request.condition(&USER, others)?;
    let sorting = request.sorting(&USER)?;
    let list = List::new(app, reader, USER.name, request);
    let db = app.db.read();
    let visible = reader.visible();
    let candidates = match Way::of(reader, condition.as_ref()) {
        Way::Subjects(subjects) => visible_accounts::list_by_subjects(db, &visible, &subjects).await?,
        Way::Addresses(keys) => visible_accounts::list_by_addresses(db, &visible, &keys).await?,
        Way::Organization(id) => {
            let found = visible_accounts::list_of_organization(db, &visible, &id, MOST_LOOKED_AT);
            found.await?.ok_or_else(Error::too_many)?
        }
        Way::Right(right) => {
            let found = visible_accounts::list_of_right(db, &visible, &right, MOST_LOOKED_AT);
            found.await?.ok_or_else(Error::too_many)?
        }
        Way::Range(range) => {
            let number = visible_accounts::count_visible(db, &visible, MOST_SKIPPED).await?;
            match walk(reader, &range, sorting.as_ref(), request) {
                Some(mut selection) if range.is_exact && number > MOST_LOOKED_AT => {
                    selection.is_narrow = number <= MOST_SKIPPED;
                    return page_of_walk(app, reader, request, &selection).await;
                }
                _ if number > MOST_LOOKED_AT => list_range(app, reader, range).await?,
                _ => visible_accounts::list_all(db, &visible).await?,
            }
        }
    };
    let mut found = show_all(app, reader, &candidates).await?;
    found.retain(|it| condition.as_ref().is_none_or(|condition| condition.is_met_by(it)));
    sort(&mut found, sorting.as_ref(), request.descending);
    cut(&list, request, found)
}

/// Returns everybody in a range that others conditions are asked of, one by one.
async fn list_range(app: &App, reader: &Reader, range: Range) -> Result<Vec<Account>> {
    let sorting = match (&range.prefix, range.changed_from, range.changed_to) {
        (Some(_), ..) => Sorting::UserName,
        (None, None, None) => return Err(Error::too_many()),
        _ => Sorting::LastModified,
    };
    let selection = selection(reader, &range, sorting, false);
    let found =
        visible_accounts::list(app.db.read(), &selection, &From::Offset(0), MOST_LOOKED_AT + 1).await?;
    if found.len() as u64 > MOST_LOOKED_AT {
        return Err(Error::too_many());
    }
    Ok(found)
}

pub(super) fn sort(resources: &mut [Value], by: Option<&Target>, descending: bool) {
    if let Some(by) = by {
        resources.sort_by(|one, other| {
            let order = matching::order_by(by, one, other);
            if descending { order.reverse() } else { order }
        });
    }
}

/// Cuts a page out of all that was found.
pub(super) fn cut(list: &List<'_>, request: &ListRequest, found: Vec<Value>) -> Result<Page> {
    let total = found.len() as u64;
    let past = match &request.begin {
        Begin::Index(index) => index - 1,
        Begin::Cursor(cursor) => match list.read(cursor)? {
            Position::Past(past) => past,
            Position::After(_, past) => past,
        },
    };
    let as_usize = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let resources: Vec<Value> = found
        .into_iter()
        .skip(as_usize(past))
        .take(as_usize(request.count))
        .collect();
    let end = past + resources.len() as u64;
    let mut page = Page::of(resources, total, &request.begin);
    if matches!(request.begin, Begin::Cursor(_)) && end < total && end > past {
        page.next_cursor = Some(list.cursor(Position::Past(end))?);
    }
    Ok(page)
}

/// Returns the walk along an index that gives the list in its order, if there is one.
fn walk(
    reader: &Reader,
    range: &Range,
    sorting: Option<&Target>,
    request: &ListRequest,
) -> Option<Selection> {
    let keys = sorting.map(Target::keys);
    let sorting = match keys.as_deref() {
        None if range.prefix.is_some() => Sorting::UserName,
        None if range.changed_from.is_some() || range.changed_to.is_some() => Sorting::LastModified,
        None => Sorting::Subject,
        Some(["id" | "externalId"]) if reader.has_public_ids() => Sorting::Subject,
        Some(["userName"] | ["emails"] | ["emails", "value"]) if reader.gets_addresses() => Sorting::UserName,
        Some(["meta", "created"]) => Sorting::Created,
        Some(["meta", "lastModified"]) => Sorting::LastModified,
        Some(_) => return None,
    };
    // An index in another order than that of the range would be read past everybody who is not in it.
    let is_bounded = match sorting {
        Sorting::UserName => range.changed_from.is_none() && range.changed_to.is_none(),
        Sorting::LastModified => range.prefix.is_none(),
        Sorting::Subject | Sorting::Created => {
            *range
                == (Range {
                    is_exact: range.is_exact,
                    ..Range::default()
                })
        }
    };
    is_bounded.then(|| selection(reader, range, sorting, request.descending))
}

fn selection(reader: &Reader, range: &Range, sorting: Sorting, descending: bool) -> Selection {
    Selection {
        visible: reader.visible(),
        is_narrow: false,
        sorting,
        descending,
        prefix: range.prefix.clone(),
        changed_from: range.changed_from,
        changed_to: range.changed_to,
    }
}

/// Returns `true` if everybody who is visible is in the list.
const fn is_whole(selection: &Selection) -> bool {
    selection.prefix.is_none() && selection.changed_from.is_none() && selection.changed_to.is_none()
}

async fn page_of_walk(
    app: &App,
    reader: &Reader,
    request: &ListRequest,
    selection: &Selection,
) -> Result<Page> {
    let db = app.db.read();
    let list = List::new(app, reader, USER.name, request);
    let (from, past) = match &request.begin {
        Begin::Index(index) => match list.find_place(*index).await? {
            Some(place) => (From::After(place), index - 1),
            None => (From::Offset(index - 1), index - 1),
        },
        Begin::Cursor(cursor) => match list.read(cursor)? {
            Position::Past(past) => (From::Offset(past), past),
            Position::After(place, past) => (From::After(place), past),
        },
    };
    if matches!(from, From::Offset(past) if past > MOST_SKIPPED) {
        let detail = "So far on, ask for the pages one after another, or by cursor";
        return Err(Error::bad(ScimType::TooMany, detail));
    }
    // Of many, it is known only that there are more: counting them would cost more than their page.
    let counted = if selection.is_narrow {
        visible_accounts::count(db, selection, MOST_SKIPPED).await?
    } else if is_whole(selection) {
        MOST_LOOKED_AT + 1
    } else {
        visible_accounts::count(db, selection, MOST_LOOKED_AT).await?
    };
    if request.count == 0 {
        return Ok(Page::of(Vec::new(), counted, &request.begin));
    }
    let mut accounts = visible_accounts::list(db, selection, &from, request.count + 1).await?;
    let more = accounts.len() as u64 > request.count;
    accounts.truncate(usize::try_from(request.count).unwrap_or(usize::MAX));
    let end = past + accounts.len() as u64;
    let seen = if accounts.is_empty() {
        0
    } else {
        end + u64::from(more)
    };
    let shown = show_all(app, reader, &accounts).await?;
    let mut page = Page::of(shown, counted.max(seen), &request.begin);
    if let Some(last) = accounts.last().filter(|_| more) {
        let place = Place::of(last, selection.sorting);
        match &request.begin {
            Begin::Index(_) => list.keep_place(end + 1, &place).await?,
            Begin::Cursor(_) => page.next_cursor = Some(list.cursor(Position::After(place, end))?),
        }
    }
    Ok(page)
}
