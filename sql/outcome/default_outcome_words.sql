-- Private. Words of agents for outcomes, folded (vioc.folded), in the languages that our agents speak: English, Spanish,
-- French, German, Portuguese; vioc.outcome_words goes before them. user_requested_dnc is Retell's own word.
create function vioc.default_outcome_words() returns table (outcome text, words text[])
  language sql immutable
begin atomic
  values
    -- phrases are vioc.refuses_calls'
    ('do_not_call', '{donotcall,hasoptedout,donotcallme,donotcallagain,dontcall,dontcallme,donotcontact,donotcontactme,dontcontact,dontcontactme,donotphone,dontphone,donotphoneme,dontphoneme
      ,donotring,dontring,donotringme,dontringme,donottext,donttext,donottextme,donttextme,nocall,nocalls,nomorecalls,nocontact,stopit,stopall,stopnow,stopcall,stopcalls,stopcalling
      ,stopcallingme,endcalls,leavemealone,goaway,remove,removed,removeme,removalrequest,removalrequested,deleteme,eraseme,takemeoff,block,blocked,blacklist,blocklist,revoke
      ,revoked,noconsent'
      -- Spanish
      ',nollamar,nomellame,nomellamen,nollame,nollamen,detenganse,listarobinson,excluir,exclusion,cancelarsuscripcion'
      -- French
      ',nepasappeler,neplusappeler,plusjamais,opposition,refusdappels,listerouge,bloctel,supprimezmoi,retirezmoi,laissezmoitranquille,laissezmoienpaix,oppositionaudemarchage'
      -- German
      ',nichtanrufen,nichtmehranrufen,keineanrufe,horenauf,horensieauf,hoerensieauf,horauf,hoerauf,horensieaufmichanzurufen,schluss,abgemeldet,abmeldung,abbestellen,abbestellt,austragen
      ,ausgetragen,widerspruch,widersprochen,widersprechen,widerruf,widerrufen,einwilligungwiderrufen,kontaktsperre,anrufsperre,anrufverbot,inruhelassen,lassensiemichinruhe,loschen
      ,loeschen,sperren,blockieren,sperrliste,aufdiesperrliste'
      -- Portuguese
      ',naoligar,naoligue,naomeligue,sair,descadastro,descadastreme,cancelarinscricao,deixemeempaz,medeixaempaz,bloquear}'::text[]),
    ('wrong_number', '{wrongnumber,iswrongnumber,isawrongnumber,itisawrongnumber,thisisawrongnumber,thisisthewrongnumber,youhavethewrongnumber,wrongnumberreached,wrongnumbercalled,reachedwrongnumber,verwahlt,wrongno,wrongnr,wrongperson,wrongphone,wrongphonenumber,wrongcontact,incorrectnumber,incorrectphonenumber,invalidperson,notknown,notthisperson,nosuchperson,notmynumber,notthatperson,doesnotlivehere,doesnotknowpatient,numeroequivocado,numeroincorrecto,numeroerroneo,equivocado,equivocada,personaequivocada,seequivocodenumero,noesesapersona,mauvaisnumero,fauxnumero,numeroerrone,numeroincorrect,erreurdenumero,mauvaisepersonne,paslebonnumero,paslabonnepersonne,falschenummer,falscherufnummer,falschetelefonnummer,falscheperson,falschverbunden,nichtbekannt,numeroerrado,numeroincorreto,telefoneerrado,pessoaerrada,engano,foiengano}'),
    ('cancelled', '{cancel,iscancelled,iscanceled,wantstocancel,cancelrequested,cancellationrequested,cancelationrequested,cancelled,canceled,cancels,cancelling,canceling,cancellation,cancelation,cancelappointment,appointmentcancelled,appointmentcanceled,cancelledappointment,canceledappointment,cancelledbypatient,no,notattending,willnotattend,wontattend,notcoming,willnotcome,wontcome,cancelar,cancelado,cancelada,cancela,cancelo,cancelacion,cancelarcita,citacancelada,anular,anulado,anulada,anulacion,noasistira,novendra,noacudira,annuler,annule,annulee,annulation,rendezvousannule,rdvannule,annulerlerendezvous,annulerrendezvous,neviendrapas,non,absagen,abgesagt,absage,sagtab,stornieren,storniert,stornierung,storno,terminabsagen,terminabgesagt,kommtnicht,nein,cancelou,cancelamento,consultacancelada,cancelarconsulta,desmarcar,desmarcado,desmarcada,desmarcou,naovira,naocomparecera,nao}'),
    ('rescheduled', '{reschedule,needsreschedule,needstoreschedule,wantsreschedule,wantstoreschedule,rescheduled,reschedules,rescheduling,reschedulerequested,reschedulerequest,rescheduleappointment,appointmentrescheduled,move,moved,moveappointment,change,changed,changetime,changeappointment,newtime,othertime,anothertime,differenttime,postpone,postponed,reprogramar,reprogramado,reprogramada,reprograma,reprogramarcita,reagendar,reagendado,reagendada,cambiar,cambio,cambiarcita,cambiodecita,cambiodehora,otrahora,otrodia,aplazar,aplazado,aplazada,posponer,pospuesto,pospuesta,reporter,reporte,reportee,deplacer,deplace,deplacee,decaler,decale,decalee,changer,changement,changerrendezvous,reprogrammer,reprogramme,reprogrammee,autredate,autreheure,verschieben,verschoben,verschiebung,terminverschieben,terminverschoben,verlegen,verlegt,umbuchen,umgebucht,andern,aendern,geandert,geaendert,anderertermin,neuertermin,remarcar,remarcado,remarcada,remarcou,remarcacao,adiar,adiado,adiada,adiou,mudar,mudarhorario,alterar,alterado,alterada,outrohorario,outradata}'),
    ('callback_requested', '{callback,wantscallback,wantsacallback,requestedacallback,callbackwanted,pleasecallback,pleasecallmeback,pleasecallbacklater,pleasecallmebacklater,callbacks,callbackrequested,callbackrequest,callbacklater,requestedcallback,requestcallback,callmeback,calllater,callmelater,callagain,callagainlater,calledbacklater,later,usercallback,userrequestedcallback,llamarmastarde,llamemastarde,llamememastarde,llamardespues,llamarluego,llamarmedespues,volverallamar,devolverllamada,devolverlallamada,rellamar,rellamada,mastarde,luego,despues,rappeler,rappel,rappeldemande,rappelerplustard,rappelezmoi,rappelezplustard,rappelezmoiplustard,arappeler,plustard,ruckruf,rueckruf,ruckrufgewunscht,rueckrufgewuenscht,ruckruferbeten,rueckruferbeten,zuruckrufen,zurueckrufen,bittezuruckrufen,spater,spaeter,spateranrufen,spaeteranrufen,spaternochmalanrufen,nochmalanrufen,ligarmaistarde,liguemaistarde,ligardepois,liguedepois,ligardenovo,retornar,retorno,retornarligacao,maistarde,depois}'),
    ('declined', '{decline,declined,declines,refuse,refused,refuses,refusal,rejected,notinterested,nointerest,uninterested,rechazar,rechazado,rechazada,rechaza,rechazo,nointeresado,nointeresada,nointeresa,noleinteresa,sininteres,refuser,refusee,refus,pasinteresse,pasinteressee,ablehnen,abgelehnt,ablehnung,lehntab,verweigert,keininteresse,nichtinteressiert,recusar,recusado,recusada,recusou,recusa,naointeressado,naointeressada,seminteresse}'),
    ('confirmed', '{confirm,isconfirmed,hasconfirmed,confirmed,confirms,confirming,confirmation,confirmappointment,appointmentconfirmed,confirmedappointment,yes,attending,attend,willattend,willcome,keep,kept,keeping,keepappointment,accept,accepted,confirmar,confirmado,confirmada,confirma,confirmo,confirmacion,citaconfirmada,confirmarcita,si,asistira,acudira,vendra,confirmer,confirme,confirmee,rendezvousconfirme,rdvconfirme,oui,viendra,serapresent,serapresente,bestatigen,bestatigt,bestatigung,bestaetigen,bestaetigt,bestaetigung,terminbestatigt,terminbestaetigt,ja,zugesagt,zusage,kommt,confirmou,confirmacao,consultaconfirmada,sim,comparecera}'),
    ('completed', '{completed,complete,contacted,reached,nodecision,undecided,none,na,"null",nil,undefined,notapplicable,noaction,nochange,unknown,noaplica,nada,rien,sansobjet,nichts,keineangabe,naoseaplica,completado,completada,sindecision,ninguno,ninguna,desconocido,termine,terminee,sansdecision,aucun,aucune,inconnu,abgeschlossen,erledigt,keineentscheidung,keine,unbekannt,concluido,concluida,semdecisao,nenhum,nenhuma,desconhecido}'),
    -- these are for Retell to say, not for an agent
    ('failed', '{accounttrouble,throttled}');
end;
comment on function vioc.default_outcome_words() is 'Which words of an agent mean which outcome, folded.';

-- Private. The same by word. Immutable and without arguments: a plan has it as a constant, and a word is found by bisection.
create function vioc.outcomes_by_word() returns jsonb
  language sql immutable
  set search_path = pg_catalog, pg_temp
as $$
  -- of two outcomes the first of the list: the gravest
  select jsonb_object_agg(w.word, d.outcome order by d.place desc)
  from (select d.outcome, d.words, row_number() over () as place from vioc.default_outcome_words() as d) as d
  cross join unnest(d.words) as w (word)
$$;
comment on function vioc.outcomes_by_word() is 'vioc.default_outcome_words() as an object: word -> outcome.';
