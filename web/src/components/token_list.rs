//! API tokens of one account: those there are, making one, revoking one. What a new one can be made for, the server says.

use leptos::{context::Provider, prelude::*};
use shared::{
    api::{
        live::Topic,
        token::{TokenIn, TokenMade, TokenView, TokensView},
    },
    domain::text::Name,
    ids::UserId,
};

use crate::{
    components::{
        async_view::{AsyncView, Fetched},
        attempt::Attempt,
        button::{Button, ButtonKind},
        dialog::Dialog,
        error_note::ErrorNote,
        field::{Checkbox, SelectField, TextField},
        hold::Hold,
        secret_once::SecretOnce,
        time::Instant,
    },
    live::use_live,
    transport::api,
};

/// Whose tokens.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    Mine,
    Of(UserId),
}

#[component]
pub(crate) fn TokenList(whose: Whose) -> impl IntoView {
    let heard = use_live().refetch_on(|topic| matches!(topic, Topic::People {}));
    let of = Fetched::new(move || {
        heard.track();
        async move {
            match whose {
                Whose::Mine => api().tokens().await,
                Whose::Of(id) => api().tokens_of(id).await,
            }
        }
    });
    view! {
        <section class="panel" data-testid="tokens">
            <h2>"API tokens"</h2>
            <AsyncView of what="the tokens" content=move |view| view! { <Tokens view whose of/> }/>
        </section>
    }
}

#[component]
fn Tokens(view: Signal<TokensView>, whose: Whose, of: Fetched<TokensView>) -> impl IntoView {
    let hold = Hold::new();
    let tokens = hold.list(move || view.with(|v| v.tokens.clone()));
    let refused = Memo::new(move |_| view.with(|v| v.refused.clone()));
    let making = RwSignal::new(false);
    view! {
        <p>"A script uses one in place of a person who signs in. It may do what you choose, and never more than its account; what asks for a fresh proof of the person, no token can do."</p>
        <Provider value=hold>
            <Show when=move || !tokens.with(Vec::is_empty)>
                <ul class="rows people-rows">
                    <For each=move || tokens.get() key=|token| (token.id, token.last_used_at, token.expired) children=move |token| view! { <Token token whose of/> }/>
                </ul>
            </Show>
        </Provider>
        <div class="button-row">
            <Button refused on_press=move |()| making.set(true) test_id="make-token">"Make a token"</Button>
        </div>
        <Dialog open=making title="Make a token">
            <Form view whose of open=making/>
        </Dialog>
    }
}

#[component]
fn Form(view: Signal<TokensView>, whose: Whose, of: Fetched<TokensView>, open: RwSignal<bool>) -> impl IntoView {
    let name = RwSignal::new(String::new());
    let days = RwSignal::new("90".to_owned());
    let wrong = RwSignal::new(None::<String>);
    let made = RwSignal::new(None::<TokenMade>);
    let attempt = Attempt::new();
    let choices = view.with_untracked(|v| v.choices.clone());
    let switches: Vec<_> = choices.into_iter().map(|choice| (choice, RwSignal::new(false))).collect();
    let chosen = StoredValue::new(switches.clone());
    let lives = [("7", "A week"), ("30", "30 days"), ("90", "90 days"), ("365", "A year")];
    let lives: Vec<(String, String)> = lives.map(|(days, words)| (days.into(), words.into())).into();
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let parsed = Name::parse(&name.get_untracked());
        wrong.set(parsed.as_ref().err().cloned());
        let (Ok(name), Ok(valid_days)) = (parsed, days.get_untracked().parse()) else { return };
        let may = chosen
            .with_value(|all| all.iter().filter(|(_, on)| on.get_untracked()).map(|(one, _)| one.action).collect());
        let body = TokenIn { name, may, valid_days };
        let call = async move {
            match whose {
                Whose::Mine => api().make_token(&body).await,
                Whose::Of(id) => api().make_token_for(id, &body).await,
            }
        };
        attempt.run(call, move |token| {
            made.set(Some(token));
            of.refetch();
        });
    };
    let done = move |()| {
        name.set(String::new());
        made.set(None);
        open.set(false);
    };
    view! {
        <Show
            when=move || made.with(Option::is_none)
            fallback=move || {
                made.get().map(|made| view! { <p>"Put it where the script finds it, and nobody else. It is not shown again."</p> <SecretOnce text=made.token verb="Copy the token"/> <p class="muted">"It expires " <Instant at=made.view.expires_at/> "."</p> <div class="form-actions"><Button kind=ButtonKind::Primary on_press=done test_id="token-done">"Done"</Button></div> })
            }
        >
            <form class="form" on:submit=submit novalidate>
                <TextField label="What uses it" value=name error=wrong required=true autofocus=true/>
                <fieldset class="field role-actions">
                    <legend>"May"</legend>
                    {switches.iter().map(|(choice, value)| view! { <Checkbox label=choice.words.clone() value=*value/> }).collect_view()}
                </fieldset>
                <SelectField label="Lives for" choices=lives.clone() value=days error=attempt.field("valid_days")/>
                <ErrorNote error=attempt.error/>
                <div class="form-actions">
                    <Button on_press=move |()| open.set(false)>"Cancel"</Button>
                    <Button kind=ButtonKind::Primary submit=true busy=attempt.busy test_id="token-create">"Make the token"</Button>
                </div>
            </form>
        </Show>
    }
}

#[component]
fn Token(token: TokenView, whose: Whose, of: Fetched<TokensView>) -> impl IntoView {
    let asking = RwSignal::new(false);
    let attempt = Attempt::new();
    let id = token.id;
    let revoke = move |()| {
        let call = async move {
            match whose {
                Whose::Mine => api().revoke_token(id).await,
                Whose::Of(owner) => api().revoke_token_of(owner, id).await,
            }
        };
        attempt.run(call, move |()| {
            asking.set(false);
            of.refetch();
        });
    };
    let may: Vec<_> = token.may.iter().map(|action| action.words()).collect();
    let used = match (token.last_used_at, token.last_used_from) {
        (Some(at), from) => {
            let from = from.map(|from| format!(" from {from}")).unwrap_or_default();
            view! { "Used " <Instant at/> {from} }.into_any()
        }
        (None, _) => view! { "Never used" }.into_any(),
    };
    view! {
        <li class="row">
            <span class="row-main">
                <b>{token.name.clone()}</b>
                <span class="row-meta"><code>{format!("{}…", token.prefix)}</code> {format!(" may {}", may.join(", "))}</span>
                <span class="row-meta">{if token.expired { "Expired " } else { "Expires " }} <Instant at=token.expires_at/></span>
            </span>
            <span class="row-side">
                <span class="row-meta">{used}</span>
                <Button kind=ButtonKind::Quiet on_press=move |()| asking.set(true)>"Revoke"</Button>
            </span>
            <Dialog open=asking title=format!("Revoke the token {}?", token.name)>
                <p>"Whatever uses it is shut out at once."</p>
                <ErrorNote error=attempt.error/>
                <div class="form-actions">
                    <Button on_press=move |()| asking.set(false)>"Keep it"</Button>
                    <Button kind=ButtonKind::Danger busy=attempt.busy on_press=revoke test_id="token-revoke">"Revoke the token"</Button>
                </div>
            </Dialog>
        </li>
    }
}
