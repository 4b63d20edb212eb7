/// How gates decide while they learn.
public struct GateRule: Equatable, Sendable {
  /// τ of the sigmoid.
  public var temperature: Double
  /// How many neighbouring channels open together; it divides the channels of every gate.
  public var group: Int

  /// What `group` may be.
  public static let groups = [1, 2, 4, 8, 16]

  public init(temperature: Double = 0.66667, group: Int = 1) {
    self.temperature = temperature
    self.group = group
  }
}
