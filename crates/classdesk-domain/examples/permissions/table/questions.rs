//! Every question that the policy can be asked, and the facts that it carries.

use classdesk_domain::files::Visibility;
use classdesk_domain::people::{Actor, Role};
use classdesk_domain::policy::{
    BundleAction, Decision, EventAccess, FileAccess, FileAction, KeyAction, MessageAction,
    Permission, SubjectAction, ThreadAccess, ThreadAction, TicketAccess, TicketAction, UserAction,
    authorize, may_create_users, may_open_ticket_for_client, may_set_visibility_at_upload,
};

use super::{Viewer, asker_if};

/// A table of questions that the same viewers ask.
pub(super) struct Section {
    pub(super) title: &'static str,
    pub(super) viewers: &'static [(&'static str, Viewer)],
    pub(super) questions: Vec<Question>,
}

/// A question, once the asker and the facts are known.
pub(super) struct Question {
    pub(super) text: &'static str,
    /// The role of the person whom the question is about, if it is about one.
    pub(super) about: Option<Role>,
    /// What it depends on, in words; `ask` takes as many values.
    pub(super) facts: &'static [&'static str],
    pub(super) ask: Box<Asking>,
}

type Asking = dyn Fn(&Viewer, &[bool]) -> Decision;

impl Question {
    fn new(
        text: &'static str,
        facts: &'static [&'static str],
        ask: impl Fn(&Viewer, &[bool]) -> Permission + 'static,
    ) -> Self {
        Self {
            text,
            about: None,
            facts,
            ask: Box::new(move |viewer, facts| authorize(&viewer.actor(), &ask(viewer, facts))),
        }
    }

    fn of_role(text: &'static str, ask: fn(&Actor) -> Decision) -> Self {
        Self {
            text,
            about: None,
            facts: &[],
            ask: Box::new(move |viewer, _| ask(&viewer.actor())),
        }
    }
}

pub(super) fn sections() -> Vec<Section> {
    let related = |title, questions| Section {
        title,
        viewers: Viewer::RELATED,
        questions,
    };
    let unrelated = |title, questions| Section {
        title,
        viewers: Viewer::UNRELATED,
        questions,
    };
    vec![
        related("Bundles", bundles()),
        related("Registered subjects", subjects()),
        unrelated("Subjects that are not registered", missing_subjects()),
        related("Threads and messages", threads()),
        related("Tickets on a subject", tickets(true)),
        unrelated("Tickets on nothing", tickets(false)),
        related("Bundle files", files()),
        related("Events", events()),
        unrelated("People, keys, webhooks and the audit log", people()),
    ]
}

fn bundles() -> Vec<Question> {
    let mut questions = vec![Question::new("create one", &[], |_, _| {
        Permission::CreateBundle
    })];
    let actions = [
        BundleAction::See,
        BundleAction::Change,
        BundleAction::Upload,
    ];
    questions.extend(actions.map(|action| {
        let text = match action {
            BundleAction::See => "see it and its members",
            BundleAction::Change => "change it, assign its writer",
            BundleAction::Upload => "put a file on it",
        };
        Question::new(text, &[], move |viewer, _| {
            Permission::Bundle(action, viewer.parties())
        })
    }));
    questions.push(Question::of_role(
        "set the visibility of a file that one puts on it",
        may_set_visibility_at_upload,
    ));
    questions
}

const SUBJECT_ACTIONS: [SubjectAction; 2] = [SubjectAction::See, SubjectAction::Manage];

const fn subject_action(action: SubjectAction) -> &'static str {
    match action {
        SubjectAction::See => "see it",
        SubjectAction::Manage => "register, change or remove it",
    }
}

fn subjects() -> Vec<Question> {
    let mut questions: Vec<_> = SUBJECT_ACTIONS
        .map(|action| {
            Question::new(subject_action(action), &[], move |viewer, _| {
                Permission::Subject(action, Some(viewer.parties()))
            })
        })
        .into();
    questions.push(Question::new("open a thread on it", &[], |viewer, _| {
        Permission::OpenThread(viewer.parties())
    }));
    questions.push(Question::new("open a ticket on it", &[], |viewer, _| {
        Permission::OpenTicket(Some(viewer.parties()))
    }));
    questions
}

fn missing_subjects() -> Vec<Question> {
    SUBJECT_ACTIONS
        .map(|action| {
            Question::new(subject_action(action), &[], move |_, _| {
                Permission::Subject(action, None)
            })
        })
        .into()
}

fn threads() -> Vec<Question> {
    let actions = [
        ThreadAction::See,
        ThreadAction::Post,
        ThreadAction::Change,
        ThreadAction::ManageParticipants,
    ];
    let mut questions: Vec<_> = actions
        .map(|action| {
            let text = match action {
                ThreadAction::See => "see it, its messages and files",
                ThreadAction::Post => "send a message, mark read",
                ThreadAction::Change => "change the subject line, close, reopen",
                ThreadAction::ManageParticipants => "add and remove participants",
            };
            Question::new(text, &["participant", "creator"], move |viewer, facts| {
                Permission::Thread(action, thread(*viewer, facts))
            })
        })
        .into();
    questions.extend([MessageAction::Edit, MessageAction::Delete].map(|action| {
        let text = match action {
            MessageAction::Edit => "edit a message",
            MessageAction::Delete => "delete a message",
        };
        Question::new(
            text,
            &["participant", "creator", "sender"],
            move |viewer, facts| {
                Permission::Message(action, thread(*viewer, facts), asker_if(facts[2]))
            },
        )
    }));
    questions
}

fn thread(viewer: Viewer, facts: &[bool]) -> ThreadAccess {
    ThreadAccess {
        parties: viewer.parties(),
        participates: facts[0],
        created_by: asker_if(facts[1]),
    }
}

fn tickets(on_subject: bool) -> Vec<Question> {
    let parties = move |viewer: &Viewer| on_subject.then(|| viewer.parties());
    let mut questions = vec![Question::new("open one", &[], move |viewer, _| {
        Permission::OpenTicket(parties(viewer))
    })];
    if on_subject {
        questions.push(Question::of_role(
            "open one for the subject's client",
            may_open_ticket_for_client,
        ));
    }
    let actions = [
        TicketAction::See,
        TicketAction::SeeInternal,
        TicketAction::Write,
        TicketAction::WriteInternal,
        TicketAction::CloseOrReopen,
        TicketAction::Move,
        TicketAction::Triage,
        TicketAction::Retitle,
        TicketAction::DeleteContent,
    ];
    questions.extend(actions.map(|action| {
        let text = match action {
            TicketAction::See => "see it, what is public on it, its history",
            TicketAction::SeeInternal => "see what is internal on it",
            TicketAction::Write => "add a public message or file",
            TicketAction::WriteInternal => "add an internal message or file",
            TicketAction::CloseOrReopen => "close or reopen it",
            TicketAction::Move => "move it to another state",
            TicketAction::Triage => "set priority, category, assignee",
            TicketAction::Retitle => "change its title",
            TicketAction::DeleteContent => "delete a message or file of it",
        };
        Question::new(text, &["requester"], move |viewer, facts| {
            let access = TicketAccess {
                parties: parties(viewer),
                requester: asker_if(facts[0]),
            };
            Permission::Ticket(action, access)
        })
    }));
    questions
}

fn files() -> Vec<Question> {
    let actions = [
        FileAction::See,
        FileAction::Change,
        FileAction::SetVisibility,
    ];
    actions
        .map(|action| {
            let text = match action {
                FileAction::See => "see and download it",
                FileAction::Change => "change its description, delete it",
                FileAction::SetVisibility => "set its visibility",
            };
            Question::new(
                text,
                &["visible to client", "visible to writer", "uploader"],
                move |viewer, facts| {
                    let access = FileAccess {
                        parties: viewer.parties(),
                        visibility: Visibility {
                            to_client: facts[0],
                            to_writer: facts[1],
                        },
                        uploaded_by: asker_if(facts[2]),
                    };
                    Permission::File(action, access)
                },
            )
        })
        .into()
}

fn events() -> Vec<Question> {
    let ask = |text, facts, access: fn(&Viewer, &[bool]) -> EventAccess| {
        Question::new(text, facts, move |viewer, facts| {
            Permission::SeeEvent(access(viewer, facts))
        })
    };
    let ticket = |viewer: &Viewer, facts: &[bool]| TicketAccess {
        parties: Some(viewer.parties()),
        requester: asker_if(facts[0]),
    };
    vec![
        ask("be told of the subject", &[], |viewer, _| {
            EventAccess::Subject(Some(viewer.parties()))
        }),
        ask("be told of a subject that is gone", &[], |_, _| {
            EventAccess::Subject(None)
        }),
        ask("be told of a thread", &["participant"], |viewer, facts| {
            EventAccess::Thread(thread(*viewer, &[facts[0], false]))
        }),
        Question::new(
            "be told of a ticket",
            &["requester"],
            move |viewer, facts| Permission::SeeEvent(EventAccess::Ticket(ticket(viewer, facts))),
        ),
        Question::new(
            "be told of what is internal on it",
            &["requester"],
            move |viewer, facts| Permission::SeeEvent(EventAccess::Internal(ticket(viewer, facts))),
        ),
        ask(
            "be told of a file",
            &["visible to client", "visible to writer"],
            |viewer, facts| {
                let visibility = Visibility {
                    to_client: facts[0],
                    to_writer: facts[1],
                };
                EventAccess::File(viewer.parties(), visibility)
            },
        ),
        ask("be told of accounts and sessions", &[], |_, _| {
            EventAccess::AuditOnly
        }),
    ]
}

fn people() -> Vec<Question> {
    let mut questions = vec![Question::new("list people", &[], |_, _| {
        Permission::ListUsers
    })];
    questions.push(Question::of_role(
        "create somebody in one role at least",
        may_create_users,
    ));
    questions.extend(about_each_role("create somebody", &[], |role, _| {
        Permission::CreateUser(role)
    }));
    for action in [
        UserAction::See,
        UserAction::ChangeProfile,
        UserAction::Manage,
        UserAction::SetPassword,
        UserAction::ActFor,
    ] {
        let text = match action {
            UserAction::See => "see somebody",
            UserAction::ChangeProfile => {
                "change somebody's display name, email address, language or time zone"
            }
            UserAction::Manage => "change somebody's username, role, activation or external id",
            UserAction::SetPassword => "give somebody a password",
            UserAction::ActFor => "act for somebody by a key",
        };
        questions.extend(about_each_role(
            text,
            &["themselves"],
            move |role, facts| Permission::User(action, asker_if(facts[0]), role),
        ));
    }
    for (text, act_as) in [
        ("make a key for oneself", false),
        ("make a key that may act for others", true),
    ] {
        questions.push(Question::new(text, &[], move |_, _| {
            Permission::MakeApiKey(act_as)
        }));
    }
    for (text, action) in [
        ("list somebody's keys", KeyAction::List),
        ("end somebody's key", KeyAction::End),
    ] {
        questions.push(Question::new(text, &["themselves"], move |_, facts| {
            Permission::ApiKey(action, asker_if(facts[0]))
        }));
    }
    questions.push(Question::new("manage webhooks", &[], |_, _| {
        Permission::ManageWebhooks
    }));
    questions.push(Question::new("read the audit log", &[], |_, _| {
        Permission::ReadAudit
    }));
    questions
}

fn about_each_role(
    text: &'static str,
    facts: &'static [&'static str],
    ask: impl Fn(Role, &[bool]) -> Permission + Copy + 'static,
) -> impl Iterator<Item = Question> {
    Role::ALL.iter().map(move |&role| Question {
        about: Some(role),
        ..Question::new(text, facts, move |_, facts| ask(role, facts))
    })
}
