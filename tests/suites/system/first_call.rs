//! From the button to the phone.

use serde_json::{Value, json};
use vioc_tests::practice::{APP, KEY, OWN_NUMBER, Practice, call_contact, new_number};

const VARIABLES: [&str; 8] = [
    "customer_name",
    "business_name",
    "appointment_date",
    "appointment_time",
    "appointment_type",
    "provider_name",
    "special_instructions",
    "callback_number",
];

#[test]
fn the_button_in_psql_shows_retells_call_id() {
    let practice = Practice::open();
    let contact = practice.contact(&new_number());
    let output = practice
        .cluster
        .psql(APP, &format!("call vioc_call_contact_now({contact});"));
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    let dials = practice.retell.ledger();
    assert_eq!(dials.len(), 1, "{dials:?}");
    let call: i64 = practice.ask("select id from vioc.calls", &[]);
    assert!(
        shown.starts_with(&format!("{call}|"))
            && shown.contains(&format!("|{}|", dials[0].call_id)),
        "{shown} does not show {}",
        dials[0].call_id
    );
}

#[test]
fn the_sample_shows_an_outcome_by_one_statement_and_reaches_nobody() {
    let practice = Practice::open();
    let mut client = practice.connect();
    let statements = client.query("select vioc_create_sample()", &[]).unwrap();
    let first: String = statements[0].get(0);
    let output = practice.cluster.psql(APP, &first);
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    assert!(
        shown.contains("|completed|") && shown.contains("|confirmed|"),
        "{shown}"
    );
    // of every fate
    client
        .batch_execute(
            "update vioc.tenants set live = true where simulated;
             update vioc.contacts set call_at = now() where tenant_id = (select id from vioc.tenants where simulated);
             select vioc_enqueue_due()",
        )
        .unwrap();
    practice.wait_for(
        "the sample's calls to end",
        "select count(*) = 5 and bool_and(c.status = 'completed') from vioc.calls as c where c.simulated",
    );
    practice.run("select vioc_delete_sample()");
    // only about the tenant that is real
    assert_eq!(practice.retell.counters().dials, 0);
    assert!(practice.creates().is_empty());
}

#[test]
fn a_simulated_call_ends_as_the_simulators() {
    let practice = Practice::open();
    for (digits, fate) in retell_simulator::LAST_DIGITS {
        let simulated: String = practice.ask(
            "select fate from vioc.simulated_fates() where digits = $1",
            &[&digits],
        );
        assert_eq!(simulated, fate);
    }
}

#[test]
fn a_commit_dials_once_and_a_rollback_dials_nobody() {
    let practice = Practice::open();
    let (given_up, kept) = (
        practice.contact(&new_number()),
        practice.contact(&new_number()),
    );
    let mut client = practice.connect();

    let mut transaction = client.transaction().unwrap();
    let rolled_back = call_contact(&mut transaction, given_up);
    transaction.rollback().unwrap();

    // The barrier: what is committed later is dialled, and nothing before it.
    let mut transaction = client.transaction().unwrap();
    let committed = call_contact(&mut transaction, kept);
    assert_eq!(committed.status, "queued");
    transaction.commit().unwrap();
    practice.wait_for_call(committed.id, &["completed"]);

    assert_eq!(practice.dials(&committed), 1);
    assert_eq!(practice.dials(&rolled_back), 0);
    assert_eq!(practice.retell.counters().dials, 1);
    assert_eq!(
        practice.ask::<i64>("select count(*) from vioc.calls", &[]),
        1
    );
}

#[test]
fn a_call_of_a_rolled_back_savepoint_is_not_made() {
    let practice = Practice::open();
    let (given_up, kept) = (
        practice.contact(&new_number()),
        practice.contact(&new_number()),
    );
    let mut client = practice.connect();

    // Only a savepoint that is rolled back: the commit wakes the worker for nothing.
    let mut transaction = client.transaction().unwrap();
    let mut savepoint = transaction.transaction().unwrap();
    call_contact(&mut savepoint, given_up);
    savepoint.rollback().unwrap();
    transaction.commit().unwrap();

    // A savepoint that is rolled back, then a call: the commit wakes the worker for that one.
    let mut transaction = client.transaction().unwrap();
    let mut savepoint = transaction.transaction().unwrap();
    call_contact(&mut savepoint, given_up);
    savepoint.rollback().unwrap();
    let committed = call_contact(&mut transaction, kept);
    transaction.commit().unwrap();

    practice.wait_for_call(committed.id, &["completed"]);
    assert_eq!(practice.retell.counters().dials, 1);
    assert_eq!(practice.dials(&committed), 1);
}

#[test]
fn the_json_on_the_wire_is_the_preview_and_has_all_eight_variables_as_strings() {
    let practice = Practice::open();
    let contact = practice.contact(&new_number());
    let preview: Value = practice.ask("select vioc_preview_call($1)", &[&contact]);
    let call = practice.call(contact);
    practice.wait_for_call(call.id, &["completed"]);

    let mut sent = practice.creates()[0].json();
    assert_eq!(sent["metadata"]["call_id"], json!(call.id.to_string()));
    sent["metadata"]["call_id"] = preview["metadata"]["call_id"].clone();
    assert_eq!(sent, preview);

    let variables = sent["retell_llm_dynamic_variables"].as_object().unwrap();
    for name in VARIABLES {
        assert!(variables[name].is_string(), "{name}: {}", variables[name]);
    }
    assert_eq!(variables["special_instructions"], "");
    assert_eq!(variables["customer_name"], "Maria Jones");
    assert_eq!(variables["business_name"], "Smile Dental");
    assert_eq!(variables["callback_number"], OWN_NUMBER);
    assert_eq!(sent["idempotency_key"], json!(call.session_id));
    assert_eq!(sent["metadata"]["session_id"], json!(call.session_id));
    assert!(
        sent["metadata"]
            .as_object()
            .unwrap()
            .values()
            .all(Value::is_string)
    );
    assert_eq!(
        sent["agent_override"]["agent"]["webhook_url"],
        json!(format!("{}/api/webhook/call-outcome", practice.front.url()))
    );
    assert_eq!(sent["honor_internal_dnc"], json!(true));
}

#[test]
fn each_tenant_calls_with_its_own_key_and_one_without_with_the_fallback_key() {
    let practice = Practice::builder()
        .setting("vioconcierge.retell_api_key", "key_of_the_cluster_ffff")
        .open();
    let second = practice.new_tenant("Second", "+12125550101", Some("key_of_the_second_bbbb"));
    let without = practice.new_tenant("Third", "+12125550102", None);
    for (tenant, key) in [
        (practice.tenant, KEY),
        (second, "key_of_the_second_bbbb"),
        (without, "key_of_the_cluster_ffff"),
    ] {
        let contact = practice.contact_of(tenant, &new_number());
        let call = practice.call(contact);
        // To its end: so the webhooks of this key were accepted too.
        practice.wait_for_call(call.id, &["completed"]);
        let dials = practice.retell.dials_for(&call.session_id);
        assert_eq!(dials.len(), 1);
        assert!(
            key.ends_with(&dials[0].key_suffix),
            "{key}: {}",
            dials[0].key_suffix
        );
    }
}
