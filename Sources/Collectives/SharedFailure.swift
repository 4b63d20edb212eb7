/// An error that every rank throws at the same point, so that one of them may report it for all.
public protocol SharedFailure: Error {}

/// What every rank throws when it was asked to stop, and did: nothing is wrong.
public protocol StoppedAsAsked: SharedFailure {}
