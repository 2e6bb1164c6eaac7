// Package mutant plants bugs that tests have to find, most of them the simulator's. Without the build tag "mutants" there are none and they cost nothing;
// with it, REGISTRAR_MUTANT names the one that is there.
package mutant

// Name is the name of a planted bug.
type Name string

// The planted bugs.
const (
	AckBeforeCommit       Name = "acknowledge before the commit"
	AnswerBeforeCommit    Name = "answer before the commit"
	ForgetFence           Name = "read without a fence"
	SkipPriming           Name = "skip priming"
	ReplyTwice            Name = "reply twice"
	DropOnRestart         Name = "drop the delivery when its actor crashes"
	EndEarly              Name = "end a registration early"
	ShowLate              Name = "show a registration that has ended"
	ForgetTombstone       Name = "forget the tombstone"
	TrustForeignClock     Name = "trust a foreign clock"
	RecomputeDeadline     Name = "recompute the deadline at redelivery"
	CrossRealms           Name = "cross two realms' users"
	LoseMergedAnswer      Name = "lose a merged write's answer"
	KeepAfterFailedWrite  Name = "go on after an unknown outcome"
	StaleWins             Name = "an older report wins"
	CacheAfterChange      Name = "answer from the cache after a change"
	ForgetUnregisterOrder Name = "unregister whatever is there"
	BelieveAbandoned      Name = "believe a connection that was abandoned"
	TellChangesOnce       Name = "tell a realm of a change only once"
	HideForeign           Name = "hide who has a foreign clock while a write is under way"
	FullIsDone            Name = "take for written what the store had no room for"
	StayAfterConflict     Name = "stay when the store knows of no fence any more"
	LoseAnswer            Name = "do not send an answer that took two tries"
)

// CommitWithoutSync has the store leave out fsync. Only who cuts the power can find it, so it is none of [Names].
const CommitWithoutSync Name = "commit without fsync"

// Names lists all that the simulator has to find.
func Names() []Name {
	return []Name{
		AckBeforeCommit, AnswerBeforeCommit, ForgetFence, SkipPriming, ReplyTwice, DropOnRestart, EndEarly, ShowLate, ForgetTombstone, TrustForeignClock,
		RecomputeDeadline, CrossRealms, LoseMergedAnswer, KeepAfterFailedWrite, StaleWins, CacheAfterChange, ForgetUnregisterOrder, BelieveAbandoned,
		TellChangesOnce, HideForeign, FullIsDone, StayAfterConflict, LoseAnswer,
	}
}
