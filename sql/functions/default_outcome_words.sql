-- Private. Words of agents for outcomes, folded (vioc.folded), in the languages that our agents speak: English, Spanish,
-- French, German, Portuguese; vioc.outcome_words goes before them. user_requested_dnc is Retell's own word.
create function vioc.default_outcome_words() returns table (outcome text, words text[])
  language sql immutable
begin atomic
  values
    ('do_not_call', '{donotcall,donotcallme,donotcallagain,donotcallmeagain,donotcallanymore,donotcallmeanymore,donotcalllist,donotcallrequest'
      ',donotcallrequested,donotcontact,donotcontactme,donotphone,donotring,dontcall,dontcallme,dontcallagain,dontcallmeagain,dontcallanymore'
      ',dontcallmeanymore,dontcontact,dontcontactme,dontphone,dontring,nevercall,nevercallme,nevercallagain,nevercallmeagain,nomorecalls'
      ',nomorecall,nomorecallsplease,nocalls,nocall,nocallsplease,nocontact,nofurthercalls,stop,stopit,stopall,stopcall,stopcalls,stopcalling'
      ',stopcallingme,stopcallme,stopcontact,stopcontacting,stopcontactingme,stopphoning,stopphoningme,stopringing,stopthecalls,stopthesecalls'
      ',pleasestop,pleasestopcalling,pleasestopcallingme,pleasedonotcall,pleasedonotcallme,pleasedonotcallagain,pleasedontcall,pleasedontcallme'
      ',pleasedontcallagain,wantsnocalls,wantsnomorecalls,doesnotwantcalls,doesnotwanttobecalled,doesnotwanttobecontacted,doesntwantcalls'
      ',askedtostop,askedtostopcalling,askednottobecalled,askednottocall,requestedstop,stoprequested,stoprequest,dnc,dncrequest,dncrequested'
      ',dnclist,addtodnc,addtodnclist,addtodonotcall,addtodonotcalllist,requesteddnc,userrequesteddnc,userrequesteddonotcall,customerrequesteddnc'
      ',patientrequesteddnc,requesteddonotcall,optout,optedout,optsout,optingout,optmeout,optoutrequest,optoutrequested,requestedoptout'
      ',wantstooptout,wanttooptout,useroptedout,patientoptedout,customeroptedout,unsubscribe,unsubscribed,unsubscribeme,quit,remove,removed,removeme'
      ',removenumber,removemynumber,removefromlist,removemefromlist,removemefromyourlist,removemefromthelist,removalrequest,removalrequested'
      ',takemeoff,takemeofflist,takemeoffthelist,takemeoffyourlist,leavemealone,losemynumber,blacklist,blocklist,revoke,revoked,revokeconsent'
      ',consentrevoked,revokedconsent,withdrawconsent,withdrewconsent,consentwithdrawn,consentwithdrawal,noconsent'
      -- Spanish
      ',nollamar,nollame,nollames,nollamen,nollamarmas,nollamemas,nollamenmas,nomellame,nomellames,nomellamen,nomellamemas,nomellamesmas,nomellamenmas'
      ',nomellamennuncamas,nomasllamadas,nomasllamadasporfavor,nollamadas,sinllamadas,novolverallamar,novuelvaallamar,novuelvanallamar'
      ',novuelvaallamarme,novuelvanallamarme,nuncamasllamar,dejardellamar,dejedellamar,dejendellamar,dejedellamarme,dejendellamarme,dejadellamar'
      ',parar,pare,paren,parendellamar,paredellamar,paradellamar,basta,bastadellamadas,alto,detener,detenganse,baja,darsedebaja,dardebaja,darmedebaja'
      ',demedebaja,denmedebaja,desuscribir,desuscribirse,cancelarsuscripcion,nocontactar,nocontactarme,nomecontacten,nomecontacte,noquierellamadas'
      ',noquieremasllamadas,noquierollamadas,noquieromasllamadas,noquieroquemellamen,noquierequelellamen,noquierequelallamen,nodesearecibirllamadas'
      ',nodeseorecibirllamadas,noquiererecibirllamadas,nomolestar,nomemoleste,nomemolesten,quitarmedelalista,quitemedelalista,borrarmedelalista'
      -- French
      ',nepasappeler,nepasrappeler,neplusappeler,neplusrappeler,nemappelezplus,nemappelezpas,nappelezplus,nappelezpas,nemerappelezplus,nemerappelezpas'
      ',nemappelleplus,nemappelezplusjamais,neplusmappeler,nepasmappeler,nepluscontacter,nepascontacter,nepasderanger,nemecontactezplus,nemecontactezpas'
      ',plusdappel,plusdappels,plusjamais,aucunappel,pasdappel,pasdappels,arret,arreter,arretez,arrete,arreterdappeler,arretezdappeler,arretezdemappeler'
      ',arretdesappels,arreterlesappels,arretezlesappels,cessez,cesser,cesserdappeler,cessezdappeler,cessezdemappeler,stopappel,stopappels,stopauxappels'
      ',neveutplusetreappele,neveutplusetreappelee,neveutplusdappels,nesouhaiteplusetreappele,nesouhaiteplusetreappelee,desinscription,desinscrire'
      ',sedesinscrire,desinscrivezmoi,desabonner,sedesabonner,opposition,refusdappels,listerouge,bloctel,supprimezmoi,retirezmoi,retirezmoidelaliste'
      -- German
      ',nichtanrufen,nichtmehranrufen,bittenichtanrufen,bittenichtmehranrufen,nichtwiederanrufen,nieanrufen,niemehranrufen,niewiederanrufen,niemalsanrufen'
      ',rufensienichtan,rufensienichtmehran,rufensiemichnichtan,rufensiemichnichtmehran,rufensiemichniewiederan,rufmichnichtan,rufmichnichtmehran'
      ',rufennichtmehran,keineanrufe,keineanrufemehr,keinanruf,keinanrufmehr,keineweiterenanrufe,willkeineanrufe,willkeineanrufemehr'
      ',mochtekeineanrufe,mochtekeineanrufemehr,moechtekeineanrufe,moechtekeineanrufemehr,mochtenichtangerufenwerden,mochtenichtmehrangerufenwerden'
      ',moechtenichtmehrangerufenwerden,willnichtangerufenwerden,willnichtmehrangerufenwerden,aufhoren,aufhoeren,horenauf,horensieauf,hoerensieauf'
      ',horensieaufanzurufen,hoerensieaufanzurufen,horauf,hoerauf,stopp,stoppen,schluss,abmelden,abgemeldet,abmeldung,abbestellen,abbestellt,austragen'
      ',ausgetragen,widerspruch,widersprochen,widersprechen,widerruf,widerrufen,einwilligungwiderrufen,keinkontakt,nichtkontaktieren,nichtmehrkontaktieren'
      ',kontaktsperre,anrufsperre,anrufverbot,inruhelassen,lassensiemichinruhe,loschen,loeschen,vonderlistestreichen,vonderlistenehmen,sperren'
      -- Portuguese
      ',naoligar,naoligue,naoliguem,naoligarmais,naoliguemais,naoliguemmais,naomeligue,naomeliguem,naomeliguemais,naomeliguemmais,naomeliganunca'
      ',naoligarnovamente,naoliguenovamente,nuncamaisligar,nuncamaisligue,nuncamaisliguem,naotelefonar,naotelefone,naotelefonemais,naotelefonem'
      ',naotelefonemmais,naomechamar,naochamar,naocontactar,naocontatar,naomecontacte,naomecontate,naoentraremcontato,maisnenhumachamada'
      ',semchamadas,semligacoes,chegadeligacoes,naoquerligacoes,naoquermaisligacoes,naoqueroligacoes,naoqueromaisligacoes,naoquerchamadas,naoquermaischamadas'
      ',naoquerserligado,naodesejareceberligacoes,naodesejaligacoes,parem,paremdeligar,paremdemeligar,paredeligar,paredemeligar,parardeligar,parardemeligar'
      ',chega,sair,descadastrar,descadastro,descadastreme,cancelarinscricao,removerdalista,removadalista,retirardalista,naoperturbe,naoincomodar,naoincomode'
      ',deixemeempaz,bloquear}'::text[]),
    ('wrong_number', '{wrongnumber,wrongno,wrongnr,wrongperson,wrongphone,wrongphonenumber,wrongcontact,incorrectnumber,incorrectphonenumber,invalidperson,notknown,notthisperson,nosuchperson,notmynumber,notthatperson,doesnotlivehere,doesnotknowpatient,numeroequivocado,numeroincorrecto,numeroerroneo,equivocado,equivocada,personaequivocada,seequivocodenumero,noesesapersona,mauvaisnumero,fauxnumero,numeroerrone,numeroincorrect,erreurdenumero,mauvaisepersonne,paslebonnumero,paslabonnepersonne,falschenummer,falscherufnummer,falschetelefonnummer,falscheperson,falschverbunden,nichtbekannt,numeroerrado,numeroincorreto,telefoneerrado,pessoaerrada,engano,foiengano}'),
    ('cancelled', '{cancel,cancelled,canceled,cancels,cancelling,canceling,cancellation,cancelation,cancelappointment,appointmentcancelled,appointmentcanceled,cancelledappointment,canceledappointment,cancelledbypatient,no,notattending,willnotattend,wontattend,notcoming,willnotcome,wontcome,cancelar,cancelado,cancelada,cancela,cancelo,cancelacion,cancelarcita,citacancelada,anular,anulado,anulada,anulacion,noasistira,novendra,noacudira,annuler,annule,annulee,annulation,rendezvousannule,rdvannule,annulerlerendezvous,annulerrendezvous,neviendrapas,non,absagen,abgesagt,absage,sagtab,stornieren,storniert,stornierung,storno,terminabsagen,terminabgesagt,kommtnicht,nein,cancelou,cancelamento,consultacancelada,cancelarconsulta,desmarcar,desmarcado,desmarcada,desmarcou,naovira,naocomparecera,nao}'),
    ('rescheduled', '{reschedule,rescheduled,reschedules,rescheduling,reschedulerequested,reschedulerequest,rescheduleappointment,appointmentrescheduled,move,moved,moveappointment,change,changed,changetime,changeappointment,newtime,othertime,anothertime,differenttime,postpone,postponed,reprogramar,reprogramado,reprogramada,reprograma,reprogramarcita,reagendar,reagendado,reagendada,cambiar,cambio,cambiarcita,cambiodecita,cambiodehora,otrahora,otrodia,aplazar,aplazado,aplazada,posponer,pospuesto,pospuesta,reporter,reporte,reportee,deplacer,deplace,deplacee,decaler,decale,decalee,changer,changement,changerrendezvous,reprogrammer,reprogramme,reprogrammee,autredate,autreheure,verschieben,verschoben,verschiebung,terminverschieben,terminverschoben,verlegen,verlegt,umbuchen,umgebucht,andern,aendern,geandert,geaendert,anderertermin,neuertermin,remarcar,remarcado,remarcada,remarcou,remarcacao,adiar,adiado,adiada,adiou,mudar,mudarhorario,alterar,alterado,alterada,outrohorario,outradata}'),
    ('callback_requested', '{callback,callbacks,callbackrequested,callbackrequest,callbacklater,requestedcallback,requestcallback,callmeback,calllater,callmelater,callagain,callagainlater,calledbacklater,later,usercallback,userrequestedcallback,llamarmastarde,llamemastarde,llamememastarde,llamardespues,llamarluego,llamarmedespues,volverallamar,devolverllamada,devolverlallamada,rellamar,rellamada,mastarde,luego,despues,rappeler,rappel,rappeldemande,rappelerplustard,rappelezmoi,rappelezplustard,rappelezmoiplustard,arappeler,plustard,ruckruf,rueckruf,ruckrufgewunscht,rueckrufgewuenscht,ruckruferbeten,rueckruferbeten,zuruckrufen,zurueckrufen,bittezuruckrufen,spater,spaeter,spateranrufen,spaeteranrufen,spaternochmalanrufen,nochmalanrufen,ligarmaistarde,liguemaistarde,ligardepois,liguedepois,ligardenovo,retornar,retorno,retornarligacao,maistarde,depois}'),
    ('declined', '{decline,declined,declines,refuse,refused,refuses,refusal,rejected,notinterested,nointerest,uninterested,rechazar,rechazado,rechazada,rechaza,rechazo,nointeresado,nointeresada,nointeresa,noleinteresa,sininteres,refuser,refusee,refus,pasinteresse,pasinteressee,ablehnen,abgelehnt,ablehnung,lehntab,verweigert,keininteresse,nichtinteressiert,recusar,recusado,recusada,recusou,recusa,naointeressado,naointeressada,seminteresse}'),
    ('confirmed', '{confirm,confirmed,confirms,confirming,confirmation,confirmappointment,appointmentconfirmed,confirmedappointment,yes,attending,attend,willattend,willcome,keep,kept,keeping,keepappointment,accept,accepted,confirmar,confirmado,confirmada,confirma,confirmo,confirmacion,citaconfirmada,confirmarcita,si,asistira,acudira,vendra,confirmer,confirme,confirmee,rendezvousconfirme,rdvconfirme,oui,viendra,serapresent,serapresente,bestatigen,bestatigt,bestatigung,bestaetigen,bestaetigt,bestaetigung,terminbestatigt,terminbestaetigt,ja,zugesagt,zusage,kommt,confirmou,confirmacao,consultaconfirmada,sim,comparecera}'),
    ('completed', '{completed,complete,contacted,reached,nodecision,undecided,none,unknown,completado,completada,sindecision,ninguno,ninguna,desconocido,termine,terminee,sansdecision,aucun,aucune,inconnu,abgeschlossen,erledigt,keineentscheidung,keine,unbekannt,concluido,concluida,semdecisao,nenhum,nenhuma,desconhecido}'),
    -- these are for Retell to say, not for an agent
    ('failed', '{accounttrouble,throttled}');
end;
comment on function vioc.default_outcome_words() is 'Which words of an agent mean which outcome, folded.';
