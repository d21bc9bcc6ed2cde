-- H6: what asks for silence and says nothing else is an opt-out, in the languages that we speak; with any other word it is for a
-- person, and silence until then.
\ir ../clinic.psql
select plan(4);

create function pg_temp.not_as(p_outcome text, p_words text[]) returns text language sql as $$
  select string_agg(w.word, ' | ') from unnest(p_words) as w (word)
  where (coalesce(vioc.outcome_of_word((select min(id) from vioc.tenants), w.word), '') = 'do_not_call') <> (p_outcome = 'do_not_call') $$;

select is(pg_temp.not_as('do_not_call', array[
  'please do not ever call me again', 'I don''t want any more calls', 'Remove me from your calling list', 'do not disturb', 'No thanks. Stop!', 'cease and desist', 'STOP NOW',
  'please stop contacting me', 'take my name off the list', 'does not wish to receive calls', 'Do not ever call here again', 'no stop calling me', 'I do not want this please stop', 'DoNotCall', 'opt-out of calls', 'I want to opt out', 'no longer wishes to be contacted', 'patient does not want to be called', 'requested_no_calls',
  'no further contact', 'no more phone calls', 'stop these robocalls', 'block my number', 'Anrufe unerwünscht', 'stop harassing me', 'I revoke my consent', 'quit calling me', 'add me to your do not call list', 'lose my number', 'user_requested_dnc', 'nobody is to be contacted',
  'no me llame nunca más', 'No quiero que me llamen más', 'dejen de llamarme', 'no desea ser contactada', 'bórrenme de su lista', 'ya no quiere llamadas', 'revoca el consentimiento',
  'darse de baja', '¡Basta!', 'sin llamadas', 'no contactar',
  'ne rappelez plus', 'Ne m''appelez plus jamais', 'ne souhaite plus être contactée', 'arrêtez de m''appeler', 'retirez-moi de votre liste', 'plus d''appels s''il vous plaît', 'retire son consentement', 'ne pas déranger',
  'Bitte rufen Sie nicht mehr an', 'wünscht keine weiteren Anrufe', 'will nicht mehr angerufen werden', 'Hören Sie auf anzurufen', 'Nummer löschen', 'Widerspruch gegen Anrufe', 'ruf mich nie wieder an', 'kein Kontakt erwünscht',
  'não me ligue nunca mais', 'nunca mais me liguem', 'parem de ligar', 'não quer mais receber ligações', 'não deseja ser contatado', 'tire meu número da lista', 'revogo o consentimento', 'não perturbe']), null, 'a refusal');
select is(pg_temp.not_as('other', array[
  'no call me', 'No, call me', 'call me later', 'do not call before five', 'don''t call now', 'do not call today', 'don''t call back until Monday', 'never called', 'not contacted', 'not reached', 'no phone',
  'deceased', 'please stop bothering my wife', 'hang up', 'no', 'never', 'not the patient', 'nobody there', 'no longer a patient', 'stop the appointment', 'remove the appointment', 'end_call', 'no callback', 'list', 'my number', 'withdraw appointment',
  'not opted out', 'No opt-out', 'no DNC', 'not on the DNC list', 'never opted out', 'don''t stop calling me', 'please don''t opt me out', 'do not unsubscribe', 'does not want to be removed from the list', 'do not remove my number', 'does not withdraw consent',
  'no dejen de llamar', 'no dar de baja', 'no me quiten de la lista', 'ne vous arrêtez pas', 'ne retirez pas mon numéro', 'nicht abmelden', 'nicht aufhören anzurufen', 'nicht von der Liste streichen', 'não pare de ligar', 'não remova da lista',
  'llámeme', 'No, llámeme', 'no llame antes de las cinco', 'no puedo', 'nicht vor 17 Uhr anrufen', 'bitte anrufen', 'keine Zeit', 'nein', 'ne pas appeler avant 17h', 'pas maintenant', 'appelez-moi plus tard',
  'me ligue mais tarde', 'não ligue hoje', 'não quero', '', '?!', '12']), null, 'what says something else, or nothing, is none');

-- what is not understood is silence
create temp table said as select w as word, pg_temp.contact(:tenant) as contact, 0::bigint as call
from unnest('{do not call before five,deceased,llame a mi abogado,ruhe bitte,12}'::text[]) as w;
update said set call = pg_temp.dial(contact);
select pg_temp.hear(s.call, 'call_analyzed', pg_temp.analysed(jsonb_build_object('outcome', s.word))) from said as s \g /dev/null
select is(count(*), 5::bigint, 'each needs review') from said as s where (pg_temp.call(s.call)).needs_review;
select is(count(*), 0::bigint, 'and nobody is called meanwhile') from said as s, vioc.rules_allow(pg_temp.at('2 days')) as p where p.contact_id = s.contact and p.may_be_automatic;

select * from finish();
