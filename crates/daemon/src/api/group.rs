//! The methods of groups.

use std::sync::Arc;

use engine::{
    groups::{GroupEdit, NewGroup, Update},
    model::GroupError,
    store::StoreRead as _,
};
use rpc::{
    RpcError, methods,
    types::{Act, Applied, Forgotten, Group, ListedGroup},
};

use super::{Daemon, OnAccount, Result, blocking};

pub(super) fn group_create(
    on: OnAccount<'_, '_>,
    params: methods::CreateGroupParams,
) -> Result<Act> {
    let request = NewGroup {
        name: params.name.0,
        members: params.members.map_or_else(Vec::new, |members| members.0),
        color: params.color.map_or_else(String::new, |color| color.0),
        open: params.open.unwrap_or(false),
        request_id: params.request_id.map(|id| id.0),
    };
    Ok(on.engine.group_create(on.store, on.env, &request)?.into())
}

pub(super) fn group_invite(
    on: OnAccount<'_, '_>,
    params: methods::GroupMembersParams,
) -> Result<Act> {
    let (group, members) = (&params.group, &params.members.0);
    let act = on.engine.group_invite(on.store, on.env, group, members)?;
    Ok(act.into())
}

pub(super) fn group_remove(
    on: OnAccount<'_, '_>,
    params: methods::GroupMembersParams,
) -> Result<Act> {
    let (group, members) = (&params.group, &params.members.0);
    let act = on.engine.group_remove(on.store, on.env, group, members)?;
    Ok(act.into())
}

pub(super) fn group_promote(
    on: OnAccount<'_, '_>,
    params: methods::GroupMembersParams,
) -> Result<Act> {
    let (group, members) = (&params.group, &params.members.0);
    let act = on.engine.group_promote(on.store, on.env, group, members)?;
    Ok(act.into())
}

pub(super) fn group_accept(on: OnAccount<'_, '_>, params: methods::GroupParams) -> Result<Act> {
    let act = on.engine.group_accept(on.store, on.env, &params.group)?;
    Ok(act.into())
}

pub(super) fn group_leave(on: OnAccount<'_, '_>, params: methods::GroupParams) -> Result<Act> {
    let act = on.engine.group_leave(on.store, on.env, &params.group)?;
    Ok(act.into())
}

pub(super) fn group_edit(on: OnAccount<'_, '_>, params: methods::EditGroupParams) -> Result<Act> {
    let edit = GroupEdit {
        name: params.name.map(|name| name.0),
        color: params.color.map(|color| color.0),
        image: params.image.map(|image| image.0),
    };
    if edit == GroupEdit::default() {
        return Err(RpcError::invalid("no name, no color and no image")
            .about("name")
            .with_hint("give what is to be changed: name, color or image, one of them at least"));
    }
    let act = on
        .engine
        .group_edit(on.store, on.env, &params.group, edit)?;
    Ok(act.into())
}

pub(super) async fn group_apply(
    daemon: Arc<Daemon>,
    params: methods::ApplyParams,
) -> Result<Applied> {
    let account = daemon.account(params.account.as_ref())?;
    let update = Update::decode(&params.update.0)
        .map_err(|error| RpcError::invalid(error.to_string()).about("update"))?;
    let known = match update.group().cloned() {
        Some(group) => {
            account
                .read(move |_, reader| reader.group_log(&group))
                .await?
        }
        None => Vec::new(),
    };
    // Not on the account's worker: the signatures of the events are checked.
    let checked = blocking(move || Ok(update.check(&known))).await?;
    let sender = params.sender;
    let apply = account
        .worker
        .call(move |engine, store, env| Ok(engine.group_apply(store, env, checked, sender)?));
    Ok(apply.await?.into())
}

pub(super) async fn group_list(
    daemon: Arc<Daemon>,
    params: methods::AccountOnly,
) -> Result<Vec<ListedGroup>> {
    let account = daemon.account(params.account.as_ref())?;
    let groups = account.read(|viewer, reader| viewer.groups(reader)).await?;
    Ok(groups.iter().map(ListedGroup::from).collect())
}

pub(super) async fn group_get(daemon: Arc<Daemon>, params: methods::GroupParams) -> Result<Group> {
    let account = daemon.account(params.account.as_ref())?;
    let found = account
        .read(move |viewer, reader| viewer.group(reader, &params.group))
        .await?;
    found
        .map(Group::from)
        .ok_or_else(|| GroupError::NotFound.into())
}

pub(super) fn group_forget(
    on: OnAccount<'_, '_>,
    params: methods::GroupParams,
) -> Result<Forgotten> {
    on.engine.group_forget(on.store, on.env, &params.group)?;
    Ok(Forgotten { forgotten: true })
}
