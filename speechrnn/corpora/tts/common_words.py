"""Common English words, for the class of words that are not commands."""

_TEXT = """
able about above accept across act active actor add address admit adult affect afraid after again
age agency ago agree air album alive all allow almost alone along already also always among amount
angry animal ankle answer any apple area argue arm army around arrive art article ask atom attack
attic august aunt autumn average avoid award aware away baby back backward bacon bad badge bag
balance ball banana band bank bar base basic basket bath beach bean bear beat beautiful because
become bed bee beef before begin behind believe bell below bench best better between beyond
bicycle big bird birthday bite black blanket blood blow blue board boat body bone book border born
borrow both bottle bottom bowl box boy brain branch bread break breakfast bridge bright bring
broken brother brown brush bucket build burn bus business busy but butter button buy cabin cake
call calm camera camp can candle cap car card care carpet carry cat catch cause ceiling celery
center central century chair chance change chapter cheap check cheese chicken child choose church
circle city class clean clear climb clock close cloth cloud coach coast coat coffee cold collect
color come common computer cook cool copper copy corn corner correct cost cotton count country
couple course cousin cover cow cream cross crowd cry cup current curtain custom cut cycle daily
damage dance danger dark date daughter day dead deal dear december decide deep deer degree deliver
dentist depend desert desk detail develop dictionary die differ dinner direct dirty discover dish
distance doctor dog dollar donkey door double dozen dragon draw dream dress drink drive drop drum
dry duck dust early earth east easy eat edge effect egg eight either elbow electric elephant eleven
empty end energy engine english enough enter equal error escape evening event ever every exact
example except excuse expect eye face fact fail fair fall family famous fan far farm fast father
fault favor fear february feed feel fence fever few field fifteen fifty fight figure fill film
final find fine finger finish fire first fish fit five fix flag flame flat flavor float floor
flower fly fold follow food foot for force forest forget fork form forty forward four fox frame
free freeze fresh friday friend frog front fruit full fun funny future game garden gas gate gather
general gentle ghost giant gift girl give glad glass glove goat gold good goose grain grand grape
grass great green grey ground group grow guess guest guide gun habit hair half hall hammer hand
happen happy harbor hard hat have hay head health hear heart heat heavy hello help her hero hide
high hill history hit hobby hold hole holiday home honest honey hope horse hospital hot hotel hour
house how huge human hundred hungry hunt hurry husband ice idea image inch include increase indoor
insect inside island iron jacket jam january jewel job join joke journey judge juice july jump
june jungle just keep kettle key kick kind king kiss kitchen kite knee knife knock know ladder lady
lake lamp land language large last late laugh law lazy lead leaf learn leather leave left leg
lemon lend less lesson letter level library lie life lift light like line lion lip list listen
little live lizard load loan local lock log long look loose lose loud love low luck lunch machine
magic mail main make man many map march mark market marriage marvin master match matter may maybe
meal mean measure meat medal meet melt member memory mention menu metal middle midnight might mile
milk million mind mine minute mirror miss mix model modern moment monday money monkey month moon
more morning mother motor mountain mouse mouth move movie much mud music must nail name narrow
nation nature near neck need needle neighbor nest net never new news next nice night nine no nobody
noise none noon north nose not note nothing notice november now number nurse nut object ocean
october off offer office often oil old olive on once one onion only open orange order other out
outside oven over owl own page pain paint pair palace pan paper parent park part party pass past
path pay peace pen pencil people pepper perfect period person phone photo piano pick picture piece
pig pillow pilot pin pink pipe place plain plan plane plant plate play please plenty pocket poem
point police polite pool poor popular possible post pot potato pound pour power practice present
press pretty price print prison prize problem proud public pull pump pupil purple purpose push put
puzzle queen question quick quiet quite rabbit race radio rain raise reach read ready real reason
receive record red refuse remember rent repair repeat reply rest return rice rich ride right ring
ripe rise river road rock roof room root rope rose rough round row rubber rule run sad safe sail
salad salt same sand saturday sauce save say scale school science scissors score screen sea search
season seat second secret see seed sell send sentence september serious serve seven shade shadow
shake shape share sharp sheep sheet shelf shell shine ship shirt shoe shoot shop short shoulder
shout show shower shut sick side sign silence silly silver simple since sing sister sit six size
skill skin skirt sky sleep slice slow small smart smell smile smoke snake snow soap soccer soft
soil soldier some song soon sorry soup sour south space speak special speed spell spend spoon sport
spot spring square stair stamp stand star start state station stay steam step stick still stomach
stone stop store storm story straight strange street string strong student study sudden sugar suit
summer sun sunday supper sure surprise sweet swim table tail take talk tall taste tax tea teach
team tear tell ten tennis tent test text than thank that theater then there thick thief thin thing
think third thirsty thirteen this three throat through throw thumb thunder thursday ticket tidy tie
tiger tight till time tiny tired title to toast today toe together tomato tomorrow tongue tonight
too tool tooth top total touch towel tower town toy trade traffic train travel tree tribe trip
trouble truck true trust truth try tuesday tunnel turn twelve twenty twice two ugly umbrella uncle
under unit until up upper useful usual valley value van vegetable very video view village visit
visual voice vote wait wake walk wall want war warm wash waste watch water wave way weak wear
weather wednesday week weight welcome well west wet wheel when where which while whisper white who
whole why wide wife wild win wind window wine wing winter wise wish with woman wonder wood wool
word work world worry worse write wrong yard year yellow yes yesterday yet you young zebra zero zoo
"""
COMMON_WORDS = tuple(_TEXT.split())
