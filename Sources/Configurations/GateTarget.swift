import Foundations

/// What the gates' budget is to reach.
public enum GateTarget: Equatable, Sendable {
  /// t_d, a share of the dense network's MACs, in (0, 1].
  case share(Double)
  /// A time of an image in evaluation, by the table of `gates.latency_table`.
  case latency(milliseconds: Double)

  /// nil: time is what is budgeted.
  public var share: Double? {
    if case .share(let share) = self { share } else { nil }
  }

  /// nil: MACs are what is budgeted.
  public var milliseconds: Double? {
    if case .latency(let milliseconds) = self { milliseconds } else { nil }
  }

  /// For example `0.5` or `12ms`.
  public var text: String {
    switch self {
    case .share(let share): "\(share)"
    case .latency(let milliseconds): (Int(exactly: milliseconds).map(String.init) ?? "\(milliseconds)") + "ms"
    }
  }
}

extension GateTarget: ExpressibleByFloatLiteral {
  /// A share.
  public init(floatLiteral share: Double) { self = .share(share) }
}

extension ValueForm where Value == GateTarget {
  static let gateTarget: Self = {
    let share = ValueForm<Double>.number(.aboveUpTo(0, 1))
    let time = ValueForm<Double>.number(.above(0))
    return Self(
      expected: "\(share.expected), or the time of an image, for example 12ms or 800us",
      read: { value in
        for (unit, perMillisecond) in [("ms", 1.0), ("us", 1000.0)] {
          guard let text = value.plain, text.hasSuffix(unit) else { continue }
          return time.read(.scalar(String(text.dropLast(unit.count)), isQuoted: false))
            .map { .latency(milliseconds: $0 / perMillisecond) }
        }
        return share.read(value).map { .share($0) }
      },
      print: \.text)
  }()
}
