// Package crash holds the tests that end the process: at every commit, at
// every sending, and at two hundred random moments. The house runs in a child
// process, the city in the test, which outlives it. Afterwards SQL and the
// city's own counts must show that nothing acknowledged is lost, no obligation
// is forgotten, and a repeat carried its first key.
package crash
