import Layers

/// The names of the parameters whose gradients are complete, in the order in which a pass says so.
public final class ReadyParameters: StepListener {
  public private(set) var names: [String] = []

  public init() {}

  public func gradientIsReady(_ parameter: Parameter) { names.append(parameter.name) }
}
