/// What every rank throws at the same point when the job was asked to stop (`Communicator.isStopRequested`), and
/// did, so that the same command can go on.
public protocol StoppedAsAsked: Error {}
