//! Decides where a request runs, at once or through the pool, and gives it its reply.

use std::sync::Arc;

use fuser::{ReplyEmpty, Request};

use super::Adapter;
use super::content::Content;
use super::handles::PerReader;
use super::pool::{CallInfo, catch_panic};
use super::reply::{Answer, Pending, Refuse};
use crate::model::Result;
use crate::tree::{Caller, Node, Tree, Wanted};

impl Adapter {
    /// The node of this id. An open node stays known after its id was given up.
    pub(super) fn node(&self, id: u64) -> Result<Node> {
        self.ids.node(id).or_else(|error| self.handles.node_on(id).ok_or(error))
    }

    /// Works on a reply on this thread, for calls that do not block.
    pub(super) fn at_once<R: Refuse>(&self, reply: R, work: impl FnOnce(Answer<R>)) {
        let answer = Answer::new(Pending::new(reply, self.rules), None);
        catch_panic(move || work(answer));
    }

    /// What the pool has to know of a call for this user about this node.
    pub(super) fn call_info(&self, user: u32, node: &Result<Node>) -> CallInfo {
        let node = node.as_ref().ok();
        let is_directory = node.is_some_and(|node| node.row.row().is_directory());
        CallInfo {
            user,
            pid: node.and_then(|node| node.process).map(|(pid, _)| pid),
            blocks_others: self.directories_are_serial && is_directory,
        }
    }

    /// Works on a reply through the pool. `is_free`: the call waits for no other request's lock.
    pub(super) fn run_blocking<R: Refuse>(
        &self,
        info: CallInfo,
        reply: R,
        is_free: bool,
        work: impl FnOnce(Answer<R>) + Send + 'static,
    ) {
        let pending = Pending::new(reply, self.rules);
        let expire = Arc::clone(&pending);
        self.pool.run_blocking(info, expire, is_free, move |busy| work(Answer::new(pending, busy)));
    }

    /// Answers from the tree's metadata: at once where the kernel never blocks for it.
    pub(super) fn answer<R: Refuse>(
        &self,
        request: &Request,
        node: Result<Node>,
        wanted: Wanted<'_>,
        reply: R,
        work: impl FnOnce(&Tree, Node, &Answer<R>) -> Result<()> + Send + 'static,
    ) {
        let may_block = node.as_ref().is_ok_and(|node| self.tree.metadata_may_sleep(*node, wanted));
        let info = self.call_info(request.uid(), &node);
        let tree = Arc::clone(&self.tree);
        let work = move |answer: Answer<R>| {
            if let Err(error) = node.and_then(|node| work(&tree, node, &answer)) {
                answer.refuse(&error);
            }
        };
        if may_block {
            self.run_blocking(info, reply, true, work);
        } else {
            self.at_once(reply, work);
        }
    }

    /// Sends what is made from the tree's metadata.
    pub(super) fn metadata<R: Refuse, T>(
        &self,
        request: &Request,
        node: Result<Node>,
        wanted: Wanted<'_>,
        reply: R,
        make: impl FnOnce(&Tree, Node) -> Result<T> + Send + 'static,
        send: impl FnOnce(R, T) + Send + 'static,
    ) {
        self.answer(request, node, wanted, reply, |tree, node, answer| {
            let made = make(tree, node)?;
            answer.send(|reply| send(reply, made));
            Ok(())
        });
    }

    /// Closes a handle.
    pub(super) fn close<T: PerReader>(&self, handle: u64, reply: ReplyEmpty) {
        self.at_once(reply, |answer| {
            self.handles.close::<T>(handle);
            answer.send(ReplyEmpty::ok);
        });
    }

    /// Answers from the content behind a handle, for which the kernel may be asked. `make` has the
    /// content to itself. `send` replies without the content's lock, which the next request may ask
    /// for before this thread runs again.
    pub(super) fn content<R: Refuse, T>(
        &self,
        handle: u64,
        caller: Caller,
        afresh: bool,
        reply: R,
        make: impl Fn(Result<&mut Content>) -> Result<T> + Send + 'static,
        send: impl FnOnce(Node, T, &Answer<R>) -> Result<()> + Send + 'static,
    ) {
        let handles = Arc::clone(&self.handles);
        let node = handles.node::<Content>(handle);
        let info = self.call_info(caller.uid, &node);
        let is_free = handles.is_free(handle);
        self.run_blocking(info, reply, is_free, move |answer| {
            let attempt = || match handles.of_reader::<Content>(handle, &caller, afresh) {
                Ok(content) => make(Ok(&mut content.lock())),
                Err(error) => make(Err(error)),
            };
            let sent = node.and_then(|node| {
                let made = handles.with_room(attempt)?;
                send(node, made, &answer)
            });
            if let Err(error) = sent {
                answer.refuse(&error);
            }
        });
    }
}
