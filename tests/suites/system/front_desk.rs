//! `examples/front-desk`: the page as PostgREST serves it, used as a browser uses it, and seen by a real one.

use std::path::{Path, PathBuf};

use serde_json::json;
use vioc_tests::Front;
use vioc_tests::browser::Browser;
use vioc_tests::http::{Request, Response};
use vioc_tests::practice::{APP, Practice, new_number};

/// What Chromium asks for.
const ACCEPT: &str =
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";
const PAGE: &str = include_str!("../../../examples/front-desk/front_desk.sql");

/// A practice with the page, and a front in which everybody is logged in as `frontdesk`.
fn open() -> (Practice, Front) {
    let practice = Practice::open();
    let output = practice
        .cluster
        .psql(APP, &format!("set search_path = public;\n{PAGE}"));
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let front = Front::builder(&practice.cluster, APP)
        .anon_role(Some("frontdesk"))
        .start();
    (practice, front)
}

/// Somebody with an appointment at noon tomorrow.
#[track_caller]
fn tomorrow(practice: &Practice, tenant: i64, name: &str, phone: &str) -> i64 {
    practice.ask(
        "insert into vioc.contacts (tenant_id, name, phone, appointment_time, appointment_type, owner_name) \
         select id, $2, $3, ((now() at time zone time_zone)::date + 1 + time '12:00') at time zone time_zone, 'check-up', 'Dr. Smith' \
         from vioc.tenants where id = $1 returning id",
        &[&tenant, &name, &phone],
    )
}

fn page(front: &Front, path: &str) -> Response {
    front.send(&Request::get(path).header("Accept", ACCEPT))
}

fn text(response: &Response) -> String {
    response.text()
}

/// Sends a form as a browser without JavaScript does, and follows where it leads.
#[track_caller]
fn submit(front: &Front, form: &str, body: &str) -> String {
    let request = Request::new("POST", &format!("/rpc/{form}"))
        .body(body.to_owned())
        .header("Content-Type", "application/x-www-form-urlencoded")
        .header("Accept", ACCEPT)
        .header("Sec-Fetch-Site", "same-origin");
    let answer = front.send(&request);
    assert_eq!(answer.status, 303, "{}", text(&answer));
    let location = answer
        .last("location")
        .map(String::from_utf8_lossy)
        .expect("it leads somewhere");
    text(&page(front, &format!("/rpc/{location}")))
}

#[test]
fn the_page_shows_who_comes_calls_pauses_and_opts_out_without_javascript() {
    let (practice, front) = open();
    let ann = tomorrow(&practice, practice.tenant, "Ann Lee", &new_number());
    let bob = tomorrow(&practice, practice.tenant, "Bob Ray", &new_number());
    practice.run(&format!(
        "update vioc.contacts set call_at = now() + interval '1 hour' where id = {ann}"
    ));
    let first = page(&front, "/rpc/front_desk");
    assert_eq!(first.status, 200);
    assert_eq!(first.last("content-type"), Some(b"text/html".as_slice()));
    assert_eq!(first.last("cache-control"), Some(b"no-store".as_slice()));
    assert!(
        text(&first).contains("Ann Lee") && text(&first).contains("To be called"),
        "{}",
        text(&first)
    );

    let said = submit(&front, "front_desk_call", &format!("contact={ann}"));
    assert!(said.contains("The call is on its way."), "{said}");
    practice.wait_for_contact(ann, &["confirmed"]);
    assert!(text(&page(&front, "/rpc/front_desk")).contains("Confirmed"));

    let said = submit(
        &front,
        "front_desk_pause",
        &format!("tenant={}", practice.tenant),
    );
    assert!(said.contains("paused: no calls are made"), "{said}");
    let said = submit(&front, "front_desk_call", &format!("contact={bob}"));
    assert!(
        said.contains("Not called: ") && said.contains("paused"),
        "{said}"
    );
    let said = submit(
        &front,
        "front_desk_resume",
        &format!("tenant={}", practice.tenant),
    );
    assert!(said.contains("Calls are made again."), "{said}");

    // one that waits for its turn can be taken back
    practice.run("update vioc.credentials set throttled_until = now() + interval '1 hour'");
    let said = submit(&front, "front_desk_call", &format!("contact={bob}"));
    assert!(
        said.contains("Waiting to be called") && said.contains("it is soon their turn"),
        "{said}"
    );
    let waiting: i64 = practice.ask("select id from vioc.calls where status = 'queued'", &[]);
    assert!(!said.contains(&format!("front_desk_call-{bob}")), "{said}");
    let said = submit(&front, "front_desk_take_back", &format!("call={waiting}"));
    assert!(said.contains("Nobody is called for now."), "{said}");
    assert!(said.contains(&format!("front_desk_call-{bob}")), "{said}");
    assert_eq!(practice.call_status(waiting), "cancelled");
    let said = submit(&front, "front_desk_take_back", &format!("call={waiting}"));
    assert!(said.contains("Nobody is called for now."), "{said}");

    // what a person should look at, and that somebody has
    practice.run(&format!(
        "update vioc.calls set needs_review = true, review_reason = 'the person wants another <time>' where id = {waiting}; \
         set local vioc.writes_contacts = on; update vioc.contacts set needs_review = true where id = {bob}"
    ));
    let shown = text(&page(&front, "/rpc/front_desk"));
    assert!(
        shown.contains("please look: the person wants another &lt;time&gt;"),
        "{shown}"
    );
    let said = submit(&front, "front_desk_seen", &format!("call={waiting}"));
    assert!(
        said.contains("Noted.") && !said.contains("please look"),
        "{said}"
    );
    // also about another day, and about a person who is in the list no more
    let later: i64 = practice.ask(
        "insert into vioc.contacts (tenant_id, name, phone, appointment_time) values ($1, 'Eve Later', '+12125559901', now() + interval '9 days') returning id",
        &[&practice.tenant],
    );
    let gone: i64 = practice.ask(
        "select q.id from vioc.queue_calls(array[$1::bigint], array[$2::bigint], 'test', false, 0::smallint, now()) as q",
        &[&practice.tenant, &later],
    );
    practice.run(&format!(
        "update vioc.calls set status = 'cancelled', cancelled_at = now(), needs_review = true, review_reason = 'asked to be called back, at no time that was understood' where id = {gone}"
    ));
    let shown = text(&page(&front, "/rpc/front_desk"));
    assert!(
        shown.contains("Eve Later")
            && shown.contains("asked to be called back, at no time that was understood"),
        "{shown}"
    );
    practice.run(&format!("delete from vioc.contacts where id = {later}"));
    let shown = text(&page(&front, "/rpc/front_desk"));
    assert!(
        shown.contains("Not in the list any more")
            && shown.contains("at no time that was understood"),
        "{shown}"
    );
    let said = submit(&front, "front_desk_seen", &format!("call={gone}"));
    assert!(!said.contains("at no time that was understood"), "{said}");

    // what is for somebody else to mend is not said in statements
    practice.run("update vioc.credentials set throttled_until = null; update vioc.tenants set retell_agent_id = null");
    let said = submit(&front, "front_desk_call", &format!("contact={bob}"));
    assert!(
        said.contains("Tell whoever looks after the database.") && !said.contains("vioc.tenants"),
        "{said}"
    );
    practice.run("update vioc.tenants set retell_agent_id = 'agent_1'");

    let said = submit(&front, "front_desk_opt_out", &format!("contact={bob}"));
    assert!(said.contains("not called any more"), "{said}");
    assert_eq!(practice.contact_status(bob), "do_not_call");
    let log: i64 = practice.ask(
        "select count(*) from vioc.audit where actor = 'frontdesk'",
        &[],
    );
    assert!(log >= 4, "what the front desk did is on record: {log}");
}

#[test]
fn a_role_sees_its_practice_and_a_form_of_another_site_does_nothing() {
    let (practice, front) = open();
    let other = practice.new_tenant(
        "Other Dental",
        "+12125550101",
        Some("key_of_the_other_bbbb"),
    );
    let theirs = tomorrow(&practice, other, "Carl of the other", &new_number());
    let ours = tomorrow(&practice, practice.tenant, "Ann Lee", &new_number());
    practice.run(&format!(
        "select vioc_revoke('frontdesk', 'operator'); select vioc_grant('frontdesk', 'operator', {})",
        practice.tenant
    ));
    let shown = text(&page(&front, "/rpc/front_desk"));
    assert!(
        shown.contains("Ann Lee") && !shown.contains("Carl") && !shown.contains("Other Dental")
    );
    let said = submit(&front, "front_desk_call", &format!("contact={theirs}"));
    assert!(said.contains("there is no contact"), "{said}");

    let foreign = Request::new("POST", "/rpc/front_desk_call")
        .body(format!("contact={ours}"))
        .header("Content-Type", "application/x-www-form-urlencoded")
        .header("Accept", ACCEPT)
        .header("Sec-Fetch-Site", "cross-site");
    assert_eq!(front.send(&foreign).status, 403);
    assert_eq!(practice.creates().len(), 0);
}

/// Where pictures of the page are left for whoever wants to look.
fn picture(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join("vioc-front-desk");
    std::fs::create_dir_all(&folder).unwrap();
    folder.join(name)
}

fn is_a_picture(file: &Path) -> bool {
    std::fs::metadata(file).is_ok_and(|it| it.len() > 5_000)
}

#[test]
fn a_browser_shows_names_as_text_and_runs_nothing_but_the_pages_script() {
    let Some(mut browser) = Browser::open() else {
        return;
    };
    let (practice, front) = open();
    practice.run("update vioc.tenants set company_name = 'Smile & <b>Dental</b>'");
    let names = [
        "Ann Lee",
        "<img src=x onerror=\"document.title='owned'\">",
        "</script><script>document.title='owned'</script>",
        "Zoë O'Neil",
        "\" autofocus onfocus=\"document.title='owned'",
    ];
    let people = names.map(|name| tomorrow(&practice, practice.tenant, name, &new_number()));
    let done = tomorrow(&practice, practice.tenant, "Bea Done", &new_number());
    practice.call(done);
    practice.wait_for_contact(done, &["confirmed"]);
    tomorrow(&practice, practice.tenant, "Cy Off", "12");

    let said = "?said=%3Cscript%3Edocument.title%3D'owned'%3C/script%3E";
    browser.load(&format!("{}/rpc/front_desk{said}", front.url()));
    browser.wait_for("document.documentElement.dataset.live === 'on'");
    let wide = picture("wide.png");
    browser.picture(&wide);
    for name in names {
        browser.wait_for_text(name);
    }
    browser.wait_for_text("Smile & <b>Dental</b>");
    browser.wait_for_text("<script>document.title='owned'</script>");
    // the same after the page has renewed itself with what somebody else did, and after a click on such a name
    browser.click(&format!("#front_desk_call-{}", people[1]));
    practice.wait_for_contact(people[1], &["confirmed"]);
    browser.wait_for("document.querySelectorAll('.good').length === 2");
    for name in names {
        browser.wait_for_text(name);
    }
    assert_eq!(browser.evaluate("document.title"), "Front desk");
    assert!(!browser.has("img") && !browser.has("main b, [onfocus], [autofocus]"));
    assert_eq!(browser.evaluate("document.scripts.length"), 1);
    assert_eq!(browser.complaints(), [""; 0]);

    browser.size(400, 1400);
    let fits = "document.documentElement.scrollWidth <= window.innerWidth";
    browser.wait_for(fits);
    let narrow = picture("narrow.png");
    browser.picture(&narrow);
    assert!(is_a_picture(&wide) && is_a_picture(&narrow));
}

#[test]
fn a_click_calls_pauses_and_opts_out_and_the_page_renews_itself() {
    let Some(mut browser) = Browser::open() else {
        return;
    };
    let (practice, front) = open();
    let tenant = practice.tenant;
    let ann = tomorrow(&practice, tenant, "Ann Lee", &new_number());
    let bob = tomorrow(&practice, tenant, "Bob Ray", &new_number());
    browser.load(&format!("{}/rpc/front_desk", front.url()));
    browser.wait_for("document.documentElement.dataset.live === 'on'");
    // is lost when the page is loaded again
    browser.evaluate("window.isTheSame = true");

    browser.click(&format!("#front_desk_call-{ann}"));
    browser.wait_for_text("The call is on its way.");
    practice.wait_for_contact(ann, &["confirmed"]);
    browser.wait_for_text("Confirmed");
    assert_eq!(practice.creates().len(), 1);

    // a hand on the keyboard keeps its place while the page is renewed
    browser.evaluate(&format!(
        "document.getElementById('front_desk_call-{bob}').focus()"
    ));
    practice.run(&format!(
        "update vioc.contacts set name = 'Ann Lee-Ray' where id = {ann}"
    ));
    browser.wait_for_text("Ann Lee-Ray");
    assert_eq!(
        browser.evaluate("document.activeElement.id"),
        format!("front_desk_call-{bob}")
    );

    browser.click(&format!("#front_desk_pause-{tenant}"));
    browser.wait_for_text("No new calls are made.");
    browser.wait_for_text("paused: no calls are made");
    browser.picture(&picture("paused.png"));
    // pressed by the keyboard
    browser.evaluate(&format!(
        "document.getElementById('front_desk_call-{bob}').focus()"
    ));
    browser.press("Enter", 13);
    browser.wait_for_text("Not called: ");
    browser.click(&format!("#front_desk_resume-{tenant}"));
    browser.wait_for_text("Calls are made again.");
    assert!(!practice.ask::<bool>("select paused_at is not null from vioc.tenants", &[]));

    // nobody at the front desk can end these
    practice.run("select vioc_pause()");
    browser.wait_for_text("everything is paused: no calls are made");
    practice.run("select vioc_resume(); update vioc.tenants set suspended_at = now(), suspend_reason = 'Item not found', probe_at = now() + interval '1 hour'");
    browser.wait_for_text("Retell refuses calls");
    practice.run(&format!("select vioc_resume({tenant})"));

    // opting out takes two clicks, and what is open is not closed by a renewal, nor keeps the page from it
    browser.click(&format!("details:has(#front_desk_opt_out-{bob}) summary"));
    browser.wait_for("document.querySelectorAll('details[open]').length === 1");
    practice.run(&format!(
        "update vioc.contacts set name = 'Ann Lee' where id = {ann}"
    ));
    browser.wait_for("!document.body.textContent.includes('Ann Lee-Ray')");
    browser.wait_for("document.querySelectorAll('details[open]').length === 1");
    browser.picture(&picture("opt-out.png"));
    assert_eq!(practice.contact_status(bob), "scheduled");
    browser.click(&format!("#front_desk_opt_out-{bob}"));
    browser.wait_for_text("This number is not called any more.");
    browser.wait_for_text("Does not want calls");
    assert_eq!(practice.contact_status(bob), "do_not_call");
    assert!(!browser.has(&format!("#front_desk_call-{bob}")));

    assert_eq!(browser.evaluate("window.isTheSame"), true);
    assert_eq!(browser.complaints(), [""; 0]);
    assert_eq!(practice.creates().len(), 1);

    // a page that cannot be renewed says so
    drop(front);
    browser.wait_for_text("Not up to date. This is how it was at");
}

#[test]
fn without_scripts_a_click_does_the_same_and_loading_again_repeats_nothing() {
    let Some(mut browser) = Browser::open() else {
        return;
    };
    let (practice, front) = open();
    let tenant = practice.tenant;
    let ann = tomorrow(&practice, tenant, "Ann Lee", &new_number());
    let bob = tomorrow(&practice, tenant, "Bob Ray", &new_number());
    browser.allow_scripts(false);
    browser.load(&format!("{}/rpc/front_desk", front.url()));
    assert!(!browser.has("[data-live]"), "the script has run");
    let renews =
        "document.querySelector('meta[http-equiv=refresh]').content === '30;url=front_desk'";
    browser.wait_for(renews);

    browser.click(&format!("#front_desk_call-{ann}"));
    browser.wait_for_text("The call is on its way.");
    practice.wait_for_contact(ann, &["confirmed"]);
    browser.reload();
    browser.wait_for_text("Confirmed");
    assert_eq!(practice.creates().len(), 1);

    browser.click(&format!("#front_desk_pause-{tenant}"));
    browser.wait_for_text("paused: no calls are made");
    browser.click(&format!("#front_desk_call-{bob}"));
    browser.wait_for_text("Not called: ");
    browser.click(&format!("#front_desk_resume-{tenant}"));
    browser.wait_for_text("Calls are made again.");
    browser.click(&format!("details:has(#front_desk_opt_out-{bob}) summary"));
    browser.click(&format!("#front_desk_opt_out-{bob}"));
    browser.wait_for_text("This number is not called any more.");
    assert_eq!(practice.contact_status(bob), "do_not_call");
    assert_eq!(practice.creates().len(), 1);
}

#[test]
fn a_browser_shows_and_does_what_the_logged_in_role_may() {
    let Some(mut browser) = Browser::open() else {
        return;
    };
    let (practice, _front) = open();
    let tenant = practice.tenant;
    let other = practice.new_tenant(
        "Other Dental",
        "+12125550101",
        Some("key_of_the_other_bbbb"),
    );
    tomorrow(&practice, other, "Carl of the other", &new_number());
    let ann = tomorrow(&practice, tenant, "Ann Lee", &new_number());
    let front = Front::builder(&practice.cluster, APP)
        .anon_role(None)
        .jwt_secret("a secret of thirty-two characters")
        .start();
    let url = format!("{}/rpc/front_desk", front.url());
    let log_in = json!({"Authorization": format!("Bearer {}", front.token("frontdesk"))});

    browser.load(&url);
    assert!(!browser.has("main"), "without a login there is no page");

    practice.run(&format!(
        "select vioc_revoke('frontdesk', 'operator'); select vioc_grant('frontdesk', 'operator', {tenant})"
    ));
    browser.send_headers(&log_in);
    browser.load(&url);
    browser.wait_for_text("Ann Lee");
    assert!(browser.has(&format!("#front_desk_call-{ann}")));
    let sees_others = "document.body.innerText.match('Carl|Other Dental') !== null";
    assert_eq!(browser.evaluate(sees_others), false);

    // whoever may only look has nothing to press
    practice.run(&format!(
        "select vioc_revoke('frontdesk', 'operator', {tenant}); select vioc_grant('frontdesk', 'viewer', {tenant})"
    ));
    browser.wait_for("document.querySelectorAll('button').length === 0");
    browser.wait_for_text("Ann Lee");
    let form = Request::new("POST", "/rpc/front_desk_call")
        .body(format!("contact={ann}"))
        .header("Content-Type", "application/x-www-form-urlencoded")
        .header("Authorization", log_in["Authorization"].as_str().unwrap())
        .header("Accept", ACCEPT);
    assert_eq!(front.send(&form).status, 403);

    // the login is over while the page is open
    practice.run(&format!(
        "select vioc_revoke('frontdesk', 'viewer', {tenant}); select vioc_grant('frontdesk', 'operator', {tenant})"
    ));
    browser.wait_for(&format!(
        "document.getElementById('front_desk_call-{ann}') !== null"
    ));
    browser.send_headers(&json!({"Authorization": "Bearer of.something.else"}));
    browser.click(&format!("#front_desk_call-{ann}"));
    browser.wait_for_text("You are not logged in any more, or may not do this.");

    // a form of another site, sent by somebody who is logged in here
    browser.send_headers(&log_in);
    browser.load(&format!(
        "data:text/html,<form method=post action={}/rpc/front_desk_call><input name=contact value={ann}><button>Win</button></form>",
        front.url()
    ));
    browser.click("button");
    browser.wait_for_text("this form is of another site");
    assert_eq!(practice.creates().len(), 0);
}
