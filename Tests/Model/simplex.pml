/*
 * The voting rules of Ledger/Consensus for n = 4 validators of which one is Byzantine (f = 1, quorum 3), over VIEWS views.
 * README.md in this folder says what is covered and what is not. Run with tools/model.
 *
 * Messages are not modelled one by one. Votes are facts that stay; whoever acts on a certificate may take any votes that
 * exist, and does not act while, in a real network, they have not reached it. The Byzantine validator is assumed to have
 * cast every vote that a certificate could want, so a certificate exists once two honest votes stand behind it. So loss,
 * delay, reordering, duplication, selective sending, double votes and withheld votes are all included.
 *
 * Switches: BYZANTINE_VIEW, the view that the Byzantine validator leads (0: none of these), and at most one broken rule,
 * which must lead to a violation: FINALIZE_AFTER_NULLIFY, NULLIFY_AFTER_FINALIZE, NOTARIZE_TWICE, GAP_IN_JUSTIFICATION,
 * FORGETS_VOTES, QUORUM_TOO_SMALL. REACHES_END claims that nothing is ever final in the last view, to see that the model
 * moves.
 */

#ifndef VIEWS
#define VIEWS 3
#endif
#ifndef BYZANTINE_VIEW
#define BYZANTINE_VIEW 1
#endif

/* The three honest validators. Bits 4v to 4v+3 are about view v: 1 and 2 for its blocks notarized, 4 nullified,
 * 8 finalized (what was notarized). Kept in order of size, since they are alike. */
int votes[3];

/* Block 0 is the root. Each view has two, 2v-1 and 2v; the second is for a leader that contradicts itself. */
#define BLOCKS (2 * VIEWS + 1)
#define VIEW(b) (((b) + 1) / 2)
#define CHOICE(b) (2 - (b) % 2)
#define NONE 255
byte parent[BLOCKS]; /* NONE: not proposed */

#ifdef FORGETS_VOTES
bit hasForgotten;
#endif

#define OF(i, v) ((votes[i] >> (4 * (v))) & 15)
#define CHOSEN(i, v) (OF(i, v) & 3)
#define HAS_NULLIFIED(i, v) ((OF(i, v) >> 2) & 1)
#define HAS_FINALIZED(i, v) (OF(i, v) >> 3)
#define BITS(v, bits) ((bits) << (4 * (v)))

#ifdef QUORUM_TOO_SMALL
#define ENOUGH 1
#else
#define ENOUGH 2
#endif
#define NOTARIZES(i, b) ((CHOSEN(i, VIEW(b)) & CHOICE(b)) != 0)
#define FINALIZES(i, b) (HAS_FINALIZED(i, VIEW(b)) && NOTARIZES(i, b))
#define NOTARIZATION(b) (NOTARIZES(0, b) + NOTARIZES(1, b) + NOTARIZES(2, b) >= ENOUGH)
#define FINALIZATION(b) (FINALIZES(0, b) + FINALIZES(1, b) + FINALIZES(2, b) >= ENOUGH)
#define NULLIFICATION(v) (HAS_NULLIFIED(0, v) + HAS_NULLIFIED(1, v) + HAS_NULLIFIED(2, v) >= ENOUGH)

/* What a proposal's justification shows: its parent's certificate, and a nullification of each view between. */
#define CERTIFIED(b) ((b) == 0 || NOTARIZATION(b) || FINALIZATION(b))
#ifdef GAP_IN_JUSTIFICATION
#define NULLIFIED_BETWEEN(p, v) true
#else
#define NULLIFIED_BETWEEN(p, v) \
    (((p) + 1 >= (v) || NULLIFICATION((p) + 1)) && ((p) + 2 >= (v) || NULLIFICATION((p) + 2)) \
        && ((p) + 3 >= (v) || NULLIFICATION((p) + 3)))
#endif
#define JUSTIFIED(b, v) (CERTIFIED(b) && NULLIFIED_BETWEEN(VIEW(b), v))

/* View v may be entered. Entering alone changes nothing but that lower views are left; so a validator's view is the
 * highest that it voted in, and it enters with a vote. */
#define IS_OPEN(v) \
    ((v) == 1 || NOTARIZATION(2 * (v) - 3) || NOTARIZATION(2 * (v) - 2) || NULLIFICATION((v) - 1) \
        || FINALIZATION(2 * (v) - 3) || FINALIZATION(2 * (v) - 2))
#define IS_IN(i, v) ((votes[i] >> (4 * (v) + 4)) == 0 && IS_OPEN(v))

/* Working variables; 0 outside of a step. */
byte lower;
byte upper;
byte cursor;
int swap;
/* The promises, named so that a broken one is told by its name. */
bit oneNotarizedPerView;
bit noFinalViewNullified;
bit agreement;
#ifdef REACHES_END
bit lastViewIsNeverFinal;
#endif

inline order() {
    if :: votes[0] > votes[1] -> swap = votes[0]; votes[0] = votes[1]; votes[1] = swap :: else fi;
    if :: votes[1] > votes[2] -> swap = votes[1]; votes[1] = votes[2]; votes[2] = swap :: else fi;
    if :: votes[0] > votes[1] -> swap = votes[0]; votes[0] = votes[1]; votes[1] = swap :: else fi;
    swap = 0
}

inline check() {
    lower = 1;
    do
    :: lower > VIEWS -> break
    :: else ->
        oneNotarizedPerView = !(NOTARIZATION(2 * lower - 1) && NOTARIZATION(2 * lower));
        assert(oneNotarizedPerView);
        noFinalViewNullified =
            !(NULLIFICATION(lower) && (FINALIZATION(2 * lower - 1) || FINALIZATION(2 * lower)));
        assert(noFinalViewNullified);
        lower++
    od;
    /* Of two final blocks one is the other's ancestor. */
    lower = 1;
    do
    :: lower >= BLOCKS -> break
    :: lower < BLOCKS && !FINALIZATION(lower) -> lower++
    :: else ->
        upper = lower + 1;
        do
        :: upper >= BLOCKS -> break
        :: upper < BLOCKS && !FINALIZATION(upper) -> upper++
        :: else ->
            cursor = upper;
            do
            :: cursor <= lower -> break
            :: else -> cursor = parent[cursor]
            od;
            agreement = cursor == lower;
            assert(agreement);
            upper++
        od;
        lower++
    od;
#ifdef REACHES_END
    lastViewIsNeverFinal = !FINALIZATION(2 * VIEWS - 1);
    assert(lastViewIsNeverFinal);
    lastViewIsNeverFinal = 0;
#endif
    lower = 0; upper = 0; cursor = 0; oneNotarizedPerView = 0; noFinalViewNullified = 0; agreement = 0;
    order()
}

#ifdef NOTARIZE_TWICE
#define MAY_NOTARIZE(i, b) (!NOTARIZES(i, b))
#else
#define MAY_NOTARIZE(i, b) (CHOSEN(i, VIEW(b)) == 0)
#endif
#ifdef NULLIFY_AFTER_FINALIZE
#define MAY_NULLIFY(i, v) true
#else
#define MAY_NULLIFY(i, v) (!HAS_FINALIZED(i, v))
#endif
#ifdef FINALIZE_AFTER_NULLIFY
#define MAY_FINALIZE(i, v) true
#else
#define MAY_FINALIZE(i, v) (!HAS_NULLIFIED(i, v))
#endif

/* Also after an own Nullify. */
#define NOTARIZE(i, b) \
    :: d_step { MAY_NOTARIZE(i, b) && parent[b] != NONE && IS_IN(i, VIEW(b)) && JUSTIFIED(parent[b], VIEW(b)) -> \
        votes[i] = votes[i] | BITS(VIEW(b), CHOICE(b)); check() }

/* A timer, an invalid proposal, a leader that gave up: at any time. */
#define NULLIFY(i, v) \
    :: d_step { !HAS_NULLIFIED(i, v) && MAY_NULLIFY(i, v) && IS_IN(i, v) -> votes[i] = votes[i] | BITS(v, 4); check() }

/* In any view, also one that was left or not entered. */
#define FINALIZE(i, b) \
    :: d_step { !HAS_FINALIZED(i, VIEW(b)) && MAY_FINALIZE(i, VIEW(b)) && NOTARIZATION(b) \
            && (CHOSEN(i, VIEW(b)) == 0 || NOTARIZES(i, b)) -> \
        votes[i] = votes[i] | BITS(VIEW(b), 8 + CHOICE(b)); check() }

/* A leader proposes on a justified parent, an honest one once; the Byzantine one up to two blocks. (A proposal that is
 * justified only later is the same as one made later.) That a proposal is its leader's Notarize too is left open. */
#define PROPOSE(b, p) \
    :: d_step { parent[b] == NONE && (CHOICE(b) == 1 || VIEW(b) == BYZANTINE_VIEW) && JUSTIFIED(p, VIEW(b)) \
            && VIEW(p) < VIEW(b) -> parent[b] = p }

#ifdef FORGETS_VOTES
/* Once, a validator comes back from a backup and takes its journal for a fresh one. */
#define FORGET(i, v) \
    :: d_step { !hasForgotten && (votes[i] >> (4 * (v))) != 0 -> \
        hasForgotten = 1; votes[i] = votes[i] & (BITS(v, 1) - 1); order() }
#else
#define FORGET(i, v)
#endif

#define ON_BLOCK(b) NOTARIZE(0, b) NOTARIZE(1, b) NOTARIZE(2, b) FINALIZE(0, b) FINALIZE(1, b) FINALIZE(2, b)
#define ON_VIEW(v) \
    ON_BLOCK(2 * (v) - 1) ON_BLOCK(2 * (v)) NULLIFY(0, v) NULLIFY(1, v) NULLIFY(2, v) FORGET(0, v) FORGET(1, v) FORGET(2, v)

init {
    d_step {
        cursor = 1;
        do
        :: cursor >= BLOCKS -> break
        :: else -> parent[cursor] = NONE; cursor++
        od;
        cursor = 0
    };
end:
    do
    ON_VIEW(1) PROPOSE(1, 0) PROPOSE(2, 0)
    ON_VIEW(2) PROPOSE(3, 0) PROPOSE(3, 1) PROPOSE(3, 2) PROPOSE(4, 0) PROPOSE(4, 1) PROPOSE(4, 2)
#if VIEWS >= 3
    ON_VIEW(3)
    PROPOSE(5, 0) PROPOSE(5, 1) PROPOSE(5, 2) PROPOSE(5, 3) PROPOSE(5, 4)
    PROPOSE(6, 0) PROPOSE(6, 1) PROPOSE(6, 2) PROPOSE(6, 3) PROPOSE(6, 4)
#endif
#if VIEWS >= 4
    ON_VIEW(4)
    PROPOSE(7, 0) PROPOSE(7, 1) PROPOSE(7, 2) PROPOSE(7, 3) PROPOSE(7, 4) PROPOSE(7, 5) PROPOSE(7, 6)
    PROPOSE(8, 0) PROPOSE(8, 1) PROPOSE(8, 2) PROPOSE(8, 3) PROPOSE(8, 4) PROPOSE(8, 5) PROPOSE(8, 6)
#endif
    od
}
