/**
 * The diseases that can be simulated: three-character ICD-10 codes in 13 categories, with the UK Biobank fields of their date
 * of first occurrence.
 * Not responsible for hazards (diseasemodel.ts).
 *
 * The fields were counted along ICD-10 from published ones (E11 130708, F32 130894, I10 131286, K21 131584, N18 132032,
 * N80 132122 …); a simulated study names its columns by them and depends on nothing else about them.
 */

export type Sex = 'female' | 'male';

export interface Disease {
  /** ICD-10, three characters: the disease's name everywhere in the simulation. */
  readonly disease: string;
  /** UK Biobank's field of its first occurrence. */
  readonly field: number;
  readonly category: string;
  readonly name: string;
  /** Only people of this sex can get it; null for everyone. */
  readonly sex: Sex | null;
}

type Row = readonly [code: string, field: number, name: string, sex?: Sex];

/** In the order of the scale of their effects: the strongest first. */
const CATEGORIES: Readonly<Record<string, readonly Row[]>> = {
  circulatory: [
    ['I10', 131286, 'Essential hypertension'],
    ['I25', 131306, 'Chronic ischaemic heart disease'],
    ['I48', 131350, 'Atrial fibrillation and flutter'],
    ['I20', 131296, 'Angina pectoris'],
    ['I50', 131354, 'Heart failure'],
    ['I21', 131298, 'Acute myocardial infarction'],
    ['I35', 131324, 'Nonrheumatic aortic valve disorders'],
    ['I44', 131342, 'Atrioventricular and left bundle-branch block'],
    ['I34', 131322, 'Nonrheumatic mitral valve disorders'],
    ['I42', 131338, 'Cardiomyopathy'],
    ['I63', 131366, 'Cerebral infarction'],
    ['I26', 131308, 'Pulmonary embolism'],
    ['I73', 131386, 'Other peripheral vascular diseases'],
    ['I83', 131400, 'Varicose veins of lower extremities'],
    ['I47', 131348, 'Paroxysmal tachycardia'],
  ],
  endocrine: [
    ['E11', 130708, 'Non-insulin-dependent diabetes'],
    ['E78', 130814, 'Disorders of lipoprotein metabolism'],
    ['E66', 130792, 'Obesity'],
    ['E03', 130696, 'Other hypothyroidism'],
    ['E87', 130828, 'Disorders of fluid and electrolyte balance'],
    ['E05', 130700, 'Thyrotoxicosis'],
    ['E55', 130774, 'Vitamin D deficiency'],
    ['E53', 130770, 'Deficiency of other B vitamins'],
    ['E04', 130698, 'Other nontoxic goitre'],
    ['E21', 130722, 'Hyperparathyroidism'],
    ['E83', 130820, 'Disorders of mineral metabolism'],
    ['E86', 130826, 'Volume depletion'],
    ['E16', 130718, 'Other disorders of pancreatic secretion'],
    ['E10', 130706, 'Insulin-dependent diabetes'],
    ['E61', 130784, 'Deficiency of other nutrients'],
  ],
  respiratory: [
    ['J45', 131494, 'Asthma'],
    ['J44', 131492, 'Other chronic obstructive pulmonary disease'],
    ['J18', 131456, 'Pneumonia, organism unspecified'],
    ['J22', 131462, 'Acute lower respiratory infection'],
    ['J90', 131530, 'Pleural effusion'],
    ['J84', 131524, 'Other interstitial pulmonary diseases'],
    ['J47', 131498, 'Bronchiectasis'],
    ['J43', 131490, 'Emphysema'],
    ['J34', 131472, 'Other disorders of nose and nasal sinuses'],
    ['J98', 131544, 'Other respiratory disorders'],
    ['J30', 131464, 'Allergic rhinitis'],
    ['J33', 131470, 'Nasal polyp'],
    ['J32', 131468, 'Chronic sinusitis'],
    ['J69', 131518, 'Pneumonitis due to solids and liquids'],
    ['J96', 131542, 'Respiratory failure'],
  ],
  genitourinary: [
    ['N18', 132032, 'Chronic renal failure'],
    ['N17', 132030, 'Acute renal failure'],
    ['N39', 132070, 'Other disorders of urinary system'],
    ['N40', 132072, 'Hyperplasia of prostate', 'male'],
    ['N20', 132036, 'Calculus of kidney and ureter'],
    ['N81', 132124, 'Female genital prolapse', 'female'],
    ['N32', 132058, 'Other disorders of bladder'],
    ['N95', 132152, 'Menopausal and perimenopausal disorders', 'female'],
    ['N28', 132048, 'Other disorders of kidney and ureter'],
    ['N35', 132064, 'Urethral stricture'],
    ['N80', 132122, 'Endometriosis', 'female'],
    ['N30', 132054, 'Cystitis'],
    ['N23', 132042, 'Unspecified renal colic'],
    ['N13', 132022, 'Obstructive and reflux uropathy'],
    ['N63', 132102, 'Unspecified lump in breast', 'female'],
  ],
  nervous: [
    ['G56', 131074, 'Mononeuropathies of upper limb'],
    ['G47', 131060, 'Sleep disorders'],
    ['G45', 131056, 'Transient cerebral ischaemic attacks'],
    ['G43', 131052, 'Migraine'],
    ['G40', 131048, 'Epilepsy'],
    ['G20', 131022, 'Parkinson’s disease'],
    ['G30', 131036, 'Alzheimer’s disease'],
    ['G62', 131086, 'Other polyneuropathies'],
    ['G35', 131042, 'Multiple sclerosis'],
    ['G25', 131032, 'Other extrapyramidal and movement disorders'],
    ['G57', 131076, 'Mononeuropathies of lower limb'],
    ['G51', 131064, 'Facial nerve disorders'],
    ['G44', 131054, 'Other headache syndromes'],
    ['G50', 131062, 'Disorders of trigeminal nerve'],
    ['G93', 131114, 'Other disorders of brain'],
  ],
  digestive: [
    ['K21', 131584, 'Gastro-oesophageal reflux disease'],
    ['K57', 131630, 'Diverticular disease of intestine'],
    ['K29', 131598, 'Gastritis and duodenitis'],
    ['K44', 131612, 'Diaphragmatic hernia'],
    ['K80', 131674, 'Cholelithiasis'],
    ['K40', 131604, 'Inguinal hernia'],
    ['K76', 131670, 'Other diseases of liver'],
    ['K58', 131632, 'Irritable bowel syndrome'],
    ['K59', 131634, 'Other functional intestinal disorders'],
    ['K62', 131640, 'Other diseases of anus and rectum'],
    ['K63', 131642, 'Other diseases of intestine'],
    ['K22', 131586, 'Other diseases of oesophagus'],
    ['K25', 131590, 'Gastric ulcer'],
    ['K51', 131628, 'Ulcerative colitis'],
    ['K85', 131682, 'Acute pancreatitis'],
  ],
  musculoskeletal: [
    ['M17', 131872, 'Arthrosis of knee'],
    ['M16', 131870, 'Arthrosis of hip'],
    ['M54', 131928, 'Dorsalgia'],
    ['M19', 131876, 'Other arthrosis'],
    ['M10', 131858, 'Gout'],
    ['M06', 131850, 'Other rheumatoid arthritis'],
    ['M81', 131964, 'Osteoporosis'],
    ['M75', 131954, 'Shoulder lesions'],
    ['M20', 131878, 'Acquired deformities of fingers and toes'],
    ['M47', 131916, 'Spondylosis'],
    ['M51', 131922, 'Other intervertebral disk disorders'],
    ['M23', 131884, 'Internal derangement of knee'],
    ['M35', 131900, 'Other systemic involvement of connective tissue'],
    ['M48', 131918, 'Other spondylopathies'],
    ['M79', 131960, 'Other soft tissue disorders'],
  ],
  blood: [
    ['D50', 130622, 'Iron deficiency anaemia'],
    ['D64', 130648, 'Other anaemias'],
    ['D70', 130660, 'Agranulocytosis'],
    ['D69', 130658, 'Purpura and other haemorrhagic conditions'],
    ['D72', 130664, 'Other disorders of white blood cells'],
    ['D51', 130624, 'Vitamin B12 deficiency anaemia'],
    ['D68', 130656, 'Other coagulation defects'],
    ['D86', 130686, 'Sarcoidosis'],
    ['D75', 130670, 'Other diseases of blood'],
    ['D89', 130688, 'Other disorders involving the immune mechanism'],
    ['D63', 130646, 'Anaemia in chronic diseases'],
    ['D52', 130626, 'Folate deficiency anaemia'],
    ['D53', 130628, 'Other nutritional anaemias'],
    ['D73', 130666, 'Diseases of spleen'],
    ['D61', 130642, 'Other aplastic anaemias'],
  ],
  mental: [
    ['F32', 130894, 'Depressive episode'],
    ['F41', 130906, 'Other anxiety disorders'],
    ['F17', 130868, 'Disorders due to tobacco'],
    ['F10', 130854, 'Disorders due to alcohol'],
    ['F33', 130896, 'Recurrent depressive disorder'],
    ['F03', 130842, 'Unspecified dementia'],
    ['F05', 130846, 'Delirium'],
    ['F43', 130910, 'Reaction to severe stress'],
    ['F31', 130892, 'Bipolar affective disorder'],
    ['F52', 130922, 'Sexual dysfunction'],
    ['F40', 130904, 'Phobic anxiety disorders'],
    ['F45', 130914, 'Somatoform disorders'],
    ['F51', 130920, 'Nonorganic sleep disorders'],
    ['F06', 130848, 'Other organic mental disorders'],
    ['F20', 130874, 'Schizophrenia'],
  ],
  eye: [
    ['H26', 131166, 'Other cataract'],
    ['H25', 131164, 'Senile cataract'],
    ['H40', 131186, 'Glaucoma'],
    ['H35', 131182, 'Other retinal disorders'],
    ['H33', 131178, 'Retinal detachments and breaks'],
    ['H43', 131190, 'Disorders of vitreous body'],
    ['H02', 131132, 'Other disorders of eyelid'],
    ['H10', 131142, 'Conjunctivitis'],
    ['H04', 131136, 'Disorders of lacrimal system'],
    ['H52', 131206, 'Disorders of refraction and accommodation'],
    ['H53', 131208, 'Visual disturbances'],
    ['H34', 131180, 'Retinal vascular occlusions'],
    ['H20', 131156, 'Iridocyclitis'],
    ['H16', 131150, 'Keratitis'],
    ['H00', 131128, 'Hordeolum and chalazion'],
  ],
  skin: [
    ['L30', 131740, 'Other dermatitis'],
    ['L40', 131742, 'Psoriasis'],
    ['L57', 131772, 'Skin changes due to nonionising radiation'],
    ['L03', 131702, 'Cellulitis'],
    ['L72', 131798, 'Follicular cysts'],
    ['L82', 131812, 'Seborrhoeic keratosis'],
    ['L71', 131796, 'Rosacea'],
    ['L98', 131836, 'Other disorders of skin'],
    ['L29', 131738, 'Pruritus'],
    ['L20', 131720, 'Atopic dermatitis'],
    ['L50', 131760, 'Urticaria'],
    ['L02', 131700, 'Cutaneous abscess'],
    ['L60', 131776, 'Nail disorders'],
    ['L90', 131824, 'Atrophic disorders of skin'],
    ['L08', 131706, 'Other local infections of skin'],
  ],
  infectious: [
    ['A09', 130018, 'Diarrhoea and gastroenteritis'],
    ['A41', 130070, 'Other septicaemia'],
    ['B35', 130214, 'Dermatophytosis'],
    ['B02', 130178, 'Zoster'],
    ['A04', 130008, 'Other bacterial intestinal infections'],
    ['B37', 130218, 'Candidiasis'],
    ['B34', 130212, 'Viral infection of unspecified site'],
    ['A08', 130016, 'Viral intestinal infections'],
    ['B07', 130188, 'Viral warts'],
    ['A49', 130082, 'Bacterial infection of unspecified site'],
    ['B00', 130174, 'Herpesviral infections'],
    ['A46', 130078, 'Erysipelas'],
    ['A63', 130106, 'Other sexually transmitted diseases'],
    ['B36', 130216, 'Other superficial mycoses'],
    ['A02', 130004, 'Other salmonella infections'],
  ],
  ear: [
    ['H91', 131258, 'Other hearing loss'],
    ['H61', 131222, 'Other disorders of external ear'],
    ['H93', 131262, 'Other disorders of ear'],
    ['H60', 131220, 'Otitis externa'],
    ['H66', 131230, 'Suppurative otitis media'],
    ['H81', 131250, 'Disorders of vestibular function'],
    ['H92', 131260, 'Otalgia and effusion of ear'],
    ['H90', 131256, 'Conductive and sensorineural hearing loss'],
    ['H65', 131228, 'Nonsuppurative otitis media'],
    ['H72', 131240, 'Perforation of tympanic membrane'],
    ['H69', 131236, 'Other disorders of Eustachian tube'],
    ['H71', 131238, 'Cholesteatoma of middle ear'],
    ['H74', 131244, 'Other disorders of middle ear and mastoid'],
    ['H83', 131254, 'Other diseases of inner ear'],
    ['H80', 131248, 'Otosclerosis'],
  ],
};

const NAMES = Object.keys(CATEGORIES);
export const CATEGORY_LIMIT = NAMES.length;
export const DISEASES_PER_CATEGORY = 15;

/** `count` diseases in the first `categories` categories, as even as can be; the first categories get the remainder. */
export function diseasesOf(count: number, categories: number): Disease[] {
  if (count === 0) return [];
  return NAMES.slice(0, categories).flatMap((category, c) => {
    const take = Math.floor(count / categories) + (c < count % categories ? 1 : 0);
    return CATEGORIES[category]!.slice(0, take).map(([disease, field, name, sex = null]) => {
      return { disease, field, category, name, sex };
    });
  });
}
