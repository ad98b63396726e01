import Type from "typebox";

const u32 = Type.Integer({ minimum: 0, maximum: 0xffff_ffff });
const u16 = Type.Integer({ minimum: 0, maximum: 0xffff });
const closed = { additionalProperties: false };

const Tuple = Type.Object(
  {
    protocol: Type.Integer({ minimum: 0, maximum: 255 }),
    source: u32,
    destination: u32,
    sport: u16,
    dport: u16,
    replySource: u32,
    replyDestination: u32,
    replySport: u16,
    replyDport: u16,
    mark: u32,
  },
  closed,
);

/** What the door takes as {@link ConnectionsToEnd}: numbers alone, and no more at once than the kernel ends in a moment. */
export const EndList = Type.Array(
  Type.Union([
    Type.Object(
      { by: Type.Literal("mark"), mark: Type.Integer({ minimum: 0x4000_0000, maximum: 0x7fff_ffff }) },
      closed,
    ),
    Type.Object({ by: Type.Literal("overlay-address"), address: u32 }, closed),
    Type.Object({ by: Type.Literal("translation"), source: u32, seenAs: u32 }, closed),
    Type.Object({ by: Type.Literal("tuple"), connection: Tuple }, closed),
  ]),
  { maxItems: 4_096 },
);
