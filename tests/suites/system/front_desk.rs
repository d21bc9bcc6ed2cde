//! `examples/front-desk`: the page as PostgREST serves it, used as a browser uses it, and seen by a real one.

use std::path::Path;
use std::process::Command;

use vioc_tests::Front;
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
    let request = Request::post(&format!("/rpc/{form}"), body.to_owned())
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

    let foreign = Request::post("/rpc/front_desk_call", format!("contact={ours}"))
        .header("Content-Type", "application/x-www-form-urlencoded")
        .header("Accept", ACCEPT)
        .header("Sec-Fetch-Site", "cross-site");
    assert_eq!(front.send(&foreign).status, 403);
    assert_eq!(practice.creates().len(), 0);
}

/// What is in the page once Chromium has read it and run its script, and a picture of it.
fn seen_by_a_browser(url: &str, picture: &Path, size: &str) -> String {
    let profile = tempfile();
    let output = Command::new("chromium")
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--virtual-time-budget=2000",
        ])
        .arg(format!("--user-data-dir={}", profile.display()))
        .arg(format!("--window-size={size}"))
        .arg(format!("--screenshot={}", picture.display()))
        .args(["--dump-dom", url])
        .output()
        .expect("chromium is there: make deps");
    let _ = std::fs::remove_dir_all(&profile);
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn tempfile() -> std::path::PathBuf {
    std::env::temp_dir().join(format!(
        "vioc-chromium-{}-{}",
        std::process::id(),
        new_number()
    ))
}

#[test]
fn a_browser_shows_names_as_text_and_runs_nothing_but_the_pages_script() {
    let (practice, front) = open();
    practice.run("update vioc.tenants set company_name = 'Smile & <b>Dental</b>'");
    for name in [
        "Ann Lee",
        "<img src=x onerror=\"document.title='owned'\">",
        "</script><script>document.title='owned'</script>",
        "Zoë O'Neil",
    ] {
        tomorrow(&practice, practice.tenant, name, &new_number());
    }
    let done = tomorrow(&practice, practice.tenant, "Bea Done", &new_number());
    practice.call(done);
    practice.wait_for_contact(done, &["confirmed"]);
    tomorrow(&practice, practice.tenant, "Cy Off", "12");

    let folder = std::env::temp_dir().join("vioc-front-desk");
    std::fs::create_dir_all(&folder).unwrap();
    let url = format!(
        "{}/rpc/front_desk?said=%3Cscript%3Edocument.title%3D'owned'%3C/script%3E",
        front.url()
    );
    let dom = seen_by_a_browser(&url, &folder.join("wide.png"), "1100,900");
    assert!(
        dom.contains("data-live=\"on\""),
        "the page's own script runs\n{dom}"
    );
    assert!(dom.contains("<title>Front desk</title>"), "no other does");
    assert!(!dom.contains("<img") && !dom.contains("<b>Dental"), "{dom}");
    assert!(
        dom.contains("Zoë O'Neil") && dom.contains("Smile &amp; &lt;b&gt;Dental"),
        "{dom}"
    );
    let dom = seen_by_a_browser(
        &format!("{}/rpc/front_desk", front.url()),
        &folder.join("narrow.png"),
        "400,1400",
    );
    assert!(dom.contains("Bea Done"));
    for name in ["wide.png", "narrow.png"] {
        assert!(
            std::fs::metadata(folder.join(name)).unwrap().len() > 5_000,
            "{name}"
        );
    }
}
