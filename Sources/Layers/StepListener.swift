/// Hears how far backward has come while a pass computes, on the thread that drives it.
public protocol StepListener: AnyObject {
  /// The gradient of `parameter` is complete on this rank, so its sum over ranks can begin. Each parameter's once a
  /// step, in the reverse of their order in the store.
  func gradientIsReady(_ parameter: Parameter) throws
  /// A piece of one of the pass's loops is done: for what has to be looked after while the pass computes.
  func idle() throws
}

extension StepListener {
  public func idle() {}
}
