"""Words after which a full stop ends no sentence, in the languages that have them."""

ABBREVIATIONS = (  # always
    "al approx assn ave blvd bros ca capt cf ch chap co col corp dept dr ed eds eq eqs esp "
    "etc ecc ext fig figs gen gov hon inc incl jr lt ltd maj mr mrs ms mt nr op "
    "p para pp pres prof pt ref refs rep resp rev sec sect sen sgt sr st tab tel univ v viz vol vols vs "
    "abb aufl bd bzgl bzw evtl geb ggf inkl jh jhd kap mio mrd sog tsd usw vgl zzgl med "
    "aprox avda dra ej excmo ilmo num pag sra srta ud uds mme mlle sig sigg dott avv bijv dhr mevr blz np tzw"
).split()
BEFORE_NUMBERS = (  # words, or the end of a sentence, but not before a number
    "c no nos art est max min jan feb mar apr jun jul aug sep sept oct nov dec"
).split()
BEFORE_LARGE = ["etc", "ecc"]  # the end of a sentence before a capital
FOREIGN = frozenset(  # always; not in ASCII
    "núm núms pág págs см ср им ул проф акад св стр рис табл гл кв напр лат англ греч нем букв изд ред прим обл род ум кн оз пос "
    "डॉ प्रो पं ए बी सी डी ई एफ जी एच आई जे के एल एम एन ओ पी क्यू आर एस टी यू वी डब्ल्यू एक्स वाई जेड".split()
)
AFTER_DATES = frozenset("г гг в вв".split())  # year and century, where a sentence may end; else a town, and others
AFTER_ORDINALS = (
    "Januar Jänner Februar März April Mai Juni Juli August September Oktober November Dezember Jahrhundert Jahrhunderts "
    "Jahrtausend Jahrtausends Jh Jhd"
).split()
BEFORE_ORDINALS = (
    "der die das dem den des im ins vom zum zur beim und oder frühen späten jeder jedes jeden jedem dieser dieses diesem "
    "seine seinem seinen seiner ihre ihrem ihren ihrer einen einem eines einer"
).split()
