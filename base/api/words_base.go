package api

var phrasesOfHuma, phrasesOfBase, phrasesOfKnow, phrasesOfPacks, phrasesOfWork, phrasesOfRegister []phrase

var names = map[string]map[string]string{}
