-- Private. The words that a refusal is made of, folded (vioc.folded), in English, Spanish, French, German and Portuguese; see
-- vioc.refuses_calls. Without words that make another sense of it: a time, an hour, back, later.
create function vioc.refusal_words() returns table (kind text, words text[])
  language sql immutable
begin atomic
  values
    -- enough by itself
    ('stop', '{stop,stops,stopp,cease,desist,quit,unsubscribe,unsubscribed,optout,opt,opted,opting,opts,dnc,basta,alto,baja,desuscribir,arret,arretez,stoppen,aufhoren,aufhoeren,abmelden
      ,parem,pare,paren,chega,descadastrar,desinscrire,desinscrivez,desinscription,desabonner,desabonnez,desabonnement}'::text[]),
    ('not', '{not,dont,doesnt,never,quit,stopping,unwanted
      ,nunca,jamas,deje,dejen,dejar,deja,parar,detener,sin,robinson
      ,ne,n,non,pas,plus,jamais,aucun,aucune,arreter,arrete,cessez,cesser,refus,refuse
      ,nicht,nie,niemals,horen,hoeren,hor,hoer,kein,keine,keinen,unerwunscht,unerwuenscht
      ,nao,sem,cancelar}'),
    -- before a word of stopping they turn it round: "not opted out" asks for nothing
    ('negator', '{not,dont,doesnt,never,no,nunca,jamas,ne,nicht,nie,niemals,nao}'),
    ('cease', '{quit,stopping,deje,dejen,dejar,deja,parar,detener,arreter,arrete,cessez,cesser,horen,hoeren,hor,hoer}'),
    -- "no stop calling" lacks a comma
    ('outcry', '{stop,stops,stopp,cease,desist,quit,basta,alto,remove,delete,erase,block,lose}'),
    -- what follows it is not turned round any more
    ('end', '{this,that,these,those,again,anymore,more,longer,further,please,ok,okay,thanks,thank,immediately,mehr,bitte,danke,mas,vez,favor,merci,mais}'),
    -- "no, call me" is none
    ('no', '{no,nobody}'),
    ('call', '{call}'),
    ('calls', '{calls,calling,robocalls,robocall,robocalling,contact,contacting,phoning,spamming,ringing,ring,text,texts,texting,bother,bothering,disturb,disturbing,harass,harassing
      ,llamar,llamarme,llamarnos,llame,llames,llamen,llaman,llamando,llamada,llamadas,contactar,contactarme,contacte,contacten,contacto,molestar,moleste,molesten
      ,appel,appels,dappel,dappels,appeler,appelez,appelle,mappeler,mappelez,mappelle,nappelez,dappeler,rappeler,rappelez,contacter,contactez,mecontacter,deranger,derangez
      ,anruf,anrufe,anrufen,anzurufen,rufen,ruf,kontakt,kontaktieren,kontaktaufnahme,storen,stoeren
      ,ligar,ligue,liguem,liga,ligam,ligando,ligacao,ligacoes,chamada,chamadas,chamar,chame,telefonar,telefone,telefonem,contatar,contate,contato,incomodar,incomode,incomodem
      ,perturbe,perturbar}'),
    -- not called is no refusal, not to be called is one
    ('called', '{called,contacted,phoned,disturbed,bothered,llamado,contactado,contactada,molestado,molestada,appele,appelee,rappele,rappelee,contacte,contactee,derange,derangee
      ,angerufen,kontaktiert,gestort,ligado,contatado,contatada,chamado,chamada,incomodado,incomodada}'),
    ('be', '{be,being,etre,detre,ser,werden}'),
    ('off', '{off,lose,block,bloquear,bloquee,bloquez,bloquer,sperren,blockieren,bloqueie,remove,removed,removal,delete,deleted,erase,erased
      ,eliminar,elimine,eliminen,borrar,borre,borren,borrenme,borreme,quitar,quite,quiten,quitenme,quiteme,quitarme,excluir,excluya
      ,retirez,retirer,supprimez,supprimer,effacez,effacer,enlevez,enlever
      ,loschen,loeschen,streichen,entfernen,nehmen
      ,remova,remover,removam,apague,apagar,tire,tirar,tirem,retire,retirar,retireme,exclua}'),
    ('list', '{list,lists,database,number,numbers,lista,listas,numero,numeros,telefono,liste,listes,nummer,rufnummer,telefonnummer}'),
    ('revoke', '{revoke,revokes,revoked,withdraw,withdraws,withdrew,withdrawn,withdrawal,revoco,revoca,revocar,retiro,retira,retirar,retrait,retire,revoque
      ,widerruf,widerrufe,widerrufen,widerruft,widerspruch,widerspreche,widerspricht,revogo,revoga,revogar}'),
    ('consent', '{consent,permission,consentimiento,permiso,consentement,einwilligung,zustimmung,anrufe,anrufen,consentimento,permissao}'),
    ('filler', '{please,or,i,me,my,us,our,the,a,an,to,do,does,want,wants,wanted,wish,wishes,wished,like,any,anymore,more,further,longer,ever,again,at,all,from,on,your,his,her
      ,their,receive,name,here,this,that,these,those,of,and,it,immediately,ok,okay,thanks,thank,you,patient,customer,caller,user,client,person,contact,asked,asks,requested,requests,request,add,set,mark,marked,flag,flagged,register,registered,send
      ,put,take,taken,hang,up,out,opt,is,should,phone,telephone,automated,automatic,telefonicas,telephoniques,telefonische,telefonischen,automaticas,automatiques,automatischen
      ,por,favor,mi,mis,nos,al,de,del,la,las,los,le,les,lo,que,mas,otra,vez,ya,quiero,quiere,quieren,desea,deseo,desean,recibir,volver,vuelva,vuelvan,su,sus,este,el,en
      ,dame,deme,denme,dar,darse,darme,nunca
      ,con,paciente,cliente,numero
      ,s,se,son,sa,il,vous,te,plait,sil,moi,nous,des,du,au,aux,mon,ma,mes,votre,vos,veux,veut,veulent,souhaite,souhaitent,recevoir,merci,patiente,cliente,je
      ,bitte,sie,mich,uns,ich,er,mehr,wieder,auf,mir,meine,mein,meiner,ihrer,der,die,das,den,von,aus,zu,mochte,moechte,mochten,will,wunscht,wuenscht,wunsche,weitere,weiteren
      ,erwunscht,erwuenscht,danke,patientin,gegen
      ,mim,meu,minha,o,os,as,da,dos,para,pra,mais,quero,quer,querem,deseja,desejo,receber,entrar,em,voltar,volte,voltem,novamente,sua,suas,seu,esse,ja}');
end;
comment on function vioc.refusal_words() is 'The words that a refusal of calls is made of, folded, by what they are for it.';

-- Private. The same by word, as vioc.outcomes_by_word().
create function vioc.kinds_by_word() returns jsonb
  language sql immutable
  set search_path = pg_catalog, pg_temp
as $$
  select jsonb_object_agg(k.word, k.kinds)
  from (
    select w.word, array_agg(d.kind order by d.kind) as kinds
    from vioc.refusal_words() as d cross join unnest(d.words) as w (word) group by w.word) as k
$$;
comment on function vioc.kinds_by_word() is 'vioc.refusal_words() as an object: word -> its kinds.';
