"""`create_purchase` (purchase_order) -> orders at 1688, each part exactly once (PO-1, EVT-4).

    keep back  what was confirmed before Causeway took over, or has been ordered by hand, is not ordered (`purchase_guards`)
    vendor     where the vendor's reference names no seller at an account of ours, the buyer is told
    look       by reference, before every attempt: what is there is adopted; where nothing is, by the numbers of what was made for it before
    wait       while something may be on its way: two looks, some time apart (`doubts`), also under names it had then (`purchase_earlier`)
    preview    every part that is missing; what is refused or would cost otherwise is told, before anything is made
    create     part by part. An answer that is not clear: a look, then the wait above

Money is never paid here. What happened is told as `purchase_result`, in the buyer's words.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import cast

from connectors.alibaba import purchase_compare
from connectors.alibaba.client import AlibabaClient
from connectors.alibaba.doubts import MOST_TRIES, Doubt, doubt_of, together
from connectors.alibaba.errors import Refusal
from connectors.alibaba.purchase_address import check_saved
from connectors.alibaba.purchase_by_hand import as_they_are, of_nothing
from connectors.alibaba.purchase_calls import Delivered, create, is_clear, preview
from connectors.alibaba.purchase_earlier import maybe_its, standings_of
from connectors.alibaba.purchase_guards import NO_SUCH_ACCOUNT, ORDERED_BY_HAND, kept_back, numbers_by_hand
from connectors.alibaba.purchase_living import behind, living_of, not_wanted
from connectors.alibaba.purchase_lookup import Standing, Whose, judged, standing_of
from connectors.alibaba.purchase_numbers import orders_made_for, with_known
from connectors.alibaba.purchase_offers import facts_of
from connectors.alibaba.purchase_plan import (
    PurchasePart,
    offer_problems,
    parts_of,
    problem,
    sendable_reference,
    vendor_of,
    vendor_problem,
)
from connectors.alibaba.purchase_results import CREATED, DIFFERS, FAILED, PARTLY, WAITING, result, told
from connectors.alibaba.purchase_settings import STOP, AlibabaPurchases
from connectors.alibaba.purchase_told import Told, known_orders
from connectors.alibaba.purchase_words import words_for
from connectors.alibaba.reading import OrderReader
from connectors.alibaba.reference import AlibabaReference
from connectors.alibaba.settings import AlibabaSettings
from connectors.kit.accounts import OpenClient
from connectors.kit.errors import ConnectorError, DataError, RuleError, UncertainError
from connectors.kit.ports import (
    Delivery,
    Difference,
    Outcome,
    Result,
    excluded,
    failed,
    failed_by,
    submitted,
)
from schemas.reasons import Reason
from schemas.records import PurchaseOrder, ResultDifference, ResultProblem

MODEL = "supplier_order"
_SOON_SECONDS = 30.0
_KEPT = 20_000


def _ours(delivery: Delivery, standings: Sequence[Standing]) -> set[str]:
    """Numbers of orders that were made for it, as far as they are known."""
    return known_orders(delivery.known.remote_id if delivery.known is not None else "", standings)


class Creating:
    """The handler."""

    def __init__(
        self, settings: AlibabaSettings, purchases: AlibabaPurchases, open_client: OpenClient[AlibabaClient],
        now: Callable[[], datetime],
    ) -> None:  # fmt: skip
        self._settings = settings
        self._purchases = purchases
        self._open = open_client
        self._now = now
        self._places = asyncio.Semaphore(purchases.concurrency)
        # Delivery -> since when this process says that it sends it; what it has sent without knowing what came of it.
        self._references: dict[str, AlibabaReference] = {}
        self._announced: OrderedDict[str, int] = OrderedDict()
        self._doubts: OrderedDict[str, Doubt] = OrderedDict()

    def announces(self, delivery: Delivery) -> bool:
        """All that may be sent: it is written down before, so that a process that dies leaves a trace."""
        if self._kept_back(delivery, self._doubt(delivery)) or self._vendor_problem(delivery):
            return False
        self._announced[delivery.id] = self._seconds()
        while len(self._announced) > _KEPT:
            self._announced.popitem(last=False)
        return True

    async def __call__(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        """One outcome per delivery, in order. Never raises ConnectorError."""
        return await asyncio.gather(*(self._done(delivery) for delivery in batch))

    async def differences(self, delivery: Delivery) -> list[Difference]:
        """What it would order; reads only. Raises ConnectorError."""
        told_of = self._begun(delivery)
        doubt = self._doubt(delivery)
        if why := self._kept_back(delivery, doubt):
            return [Difference("order", "", f"nothing: {why}", refused=True)]
        if (wrong := self._vendor_problem(delivery)) is not None:
            return [Difference("order", "", told([wrong], ()), refused=True)]
        parts, problems = parts_of(told_of.order, self._purchases.reference_prefix)
        if problems:
            return [Difference("order", "", told(problems, ()), refused=True)]
        client = self._open(delivery.account)
        delivered = Delivered.by(self._purchases, delivery.body)
        standings, _ = await with_known(client, delivery, await standings_of(client, delivery, parts, doubt))
        if taken := [said for one in standings if not one.exists for said in one.problems]:
            return [Difference("order", "", told(taken, ()), refused=True)]
        missing = [one.part for one in standings if not one.exists]
        if missing and (by_hand := numbers_by_hand(told_of.order, _ours(delivery, standings))):
            return [Difference("order", "", f"nothing: {ORDERED_BY_HAND} as {', '.join(by_hand)}", refused=True)]
        return [await self._shown(client, part, delivered) for part in missing]

    async def _shown(self, client: AlibabaClient, part: PurchasePart, delivered: Delivered) -> Difference:
        found = await preview(client, part, delivered)
        if isinstance(found, Refusal):
            return Difference(f"order {part.reference}", "", words_for(found), refused=True)
        differences = purchase_compare.before(part.wanted, found, self._purchases)
        stops = bool(differences) and self._purchases.on_difference == STOP
        words = f"{len(part.wanted)} items, goods {found.goods} CNY, freight {found.freight} CNY"
        return Difference(f"order {part.reference}", "", told((), differences) if stops else words, refused=stops)

    async def _done(self, delivery: Delivery) -> Outcome:
        doubt = together([self._doubt(delivery, self._announced.get(delivery.id)), self._doubts.get(delivery.id)])
        try:
            async with self._places:
                outcome = await self._written(self._open(delivery.account), delivery, doubt)
        except ConnectorError as error:
            outcome = self._kept(delivery, doubt, error)
        self._announced.pop(delivery.id, None)
        if outcome.result is not Result.SUBMITTED:
            self._doubts.pop(delivery.id, None)
        return outcome

    def _kept(self, delivery: Delivery, doubt: Doubt | None, error: ConnectorError) -> Outcome:
        """A doubt stays whatever fails meanwhile: without it, it would be sent a second time."""
        doubt = together([doubt, self._doubts.get(delivery.id)])
        if doubt is None or isinstance(error, (RuleError, DataError)):
            return self._with_event(delivery, error) if isinstance(error, (RuleError, DataError)) else failed_by(error)
        return submitted(doubt.name(delivery.version), error.retry_after or _SOON_SECONDS)

    async def _written(self, client: AlibabaClient, delivery: Delivery, doubt: Doubt | None) -> Outcome:
        if why := self._kept_back(delivery, doubt):
            return excluded(why)
        found = self._begun(delivery)
        if (wrong := self._vendor_problem(delivery)) is not None:
            return self._of_nobody(delivery, found, doubt, wrong)
        parts, found.problems = parts_of(found.order, self._purchases.reference_prefix)
        if found.problems:
            return await self._not_to_be_ordered(client, delivery, found, parts, doubt)
        standings, lost = await with_known(client, delivery, await standings_of(client, delivery, parts, doubt))
        for one in standings:
            found.adopt(one, self._purchases)
        missing = [one.part for one in standings if not one.exists]
        by_hand = numbers_by_hand(found.order, _ours(delivery, standings)) if missing else []
        nothing = len(missing) == len(parts)
        if missing and (found.problems or by_hand) and (waits := self._looks_again(delivery, doubt)) is not None:
            return waits
        if found.problems:
            return self._failed(found, Reason.RULE)
        whose = Whose.of(delivery)
        if not missing and whose.numbers - {one.order.order_id for one in found.placed}:
            more = await behind(client, delivery, len(parts), whose, self._purchases.reference_prefix)
            found.placed += more
            found.differences += [not_wanted(one) for one in more]
        if by_hand:
            return await self._by_hand(client, found, by_hand)
        if nothing and (renamed := await orders_made_for(client, delivery)):
            every = PurchasePart(parts[0].reference, tuple(one for part in parts for one in part.wanted))
            found.adopt(judged(every, renamed), self._purchases)
            return self._failed(found, Reason.RULE) if found.problems else self._settled(found)
        if missing and (waits := self._waits(delivery, found, doubt, lost)) is not None:
            return waits
        if nothing:
            found.problems += await maybe_its(client, doubt, parts, self._purchases.reference_prefix)
            if found.problems:
                return self._asked(delivery, doubt, self._failed(found, Reason.RULE))
        return await self._ordered(client, delivery, found, missing, doubt)

    def _doubt(self, delivery: Delivery, announced: int | None = None) -> Doubt | None:
        return doubt_of(delivery, self._called(delivery), announced)

    def _called(self, delivery: Delivery) -> str:
        return sendable_reference(cast("PurchaseOrder", delivery.body), self._purchases.reference_prefix)

    async def _not_to_be_ordered(
        self,
        client: AlibabaClient,
        delivery: Delivery,
        found: Told,
        parts: Sequence[PurchasePart],
        doubt: Doubt | None,
    ) -> Outcome:
        """It may have been ordered before it was edited."""
        found.placed += await living_of(client, delivery, parts, doubt, self._purchases.reference_prefix)
        if not found.placed:
            if (waits := self._looks_again(delivery, doubt)) is not None:
                return waits
            found.problems += (maybe := await maybe_its(client, doubt, parts, self._purchases.reference_prefix))
            if maybe:
                return self._asked(delivery, doubt, self._failed(found, Reason.RULE))
        return self._failed(found, Reason.DATA, DIFFERS if found.placed else "")

    def _asked(self, delivery: Delivery, doubt: Doubt | None, outcome: Outcome) -> Outcome:
        """A person says whose an order is: until then later changes of the purchase order are in doubt too."""
        return replace(outcome, job=doubt.name(delivery.version) if doubt is not None else "")

    def _kept_back(self, delivery: Delivery, doubt: Doubt | None) -> str:
        return kept_back(delivery, doubt, self._settings.not_before(delivery.account))

    def _vendor_problem(self, delivery: Delivery) -> ResultProblem | None:
        return vendor_problem(cast("PurchaseOrder", delivery.body), delivery.account)

    def _of_nobody(self, delivery: Delivery, found: Told, doubt: Doubt | None, wrong: ResultProblem) -> Outcome:
        """The vendor names no seller at an account of ours: its buyer is told, unless it has been ordered, by us or by hand."""
        if _ours(delivery, ()) - {""} or numbers_by_hand(found.order, ()):
            return excluded(NO_SUCH_ACCOUNT)
        maybe = [problem("It may have been ordered before the reference was changed: look at 1688.")] if doubt else []
        found.problems += [wrong, *maybe]
        return self._failed(found, Reason.DATA)

    async def _by_hand(self, client: AlibabaClient, found: Told, numbers: Sequence[str]) -> Outcome:
        """Its orders are told as they are now, so that they are followed from here on. One that is none of this account's is for the buyer."""
        reader = OrderReader(client, self._reference(client, found.account))
        events, problems = await as_they_are(reader, found.account, numbers)
        if problems:
            found.problems += problems
            return self._failed(found, Reason.RULE)
        if said := of_nothing(events, self._purchases.reference_prefix):
            at = self._now()
            events.append(result(found.account, found.order, FAILED, at, problems=said, reason=Reason.RULE))
        return replace(excluded(ORDERED_BY_HAND, f"as {', '.join(numbers)}"), events=tuple(events))

    def _looks_again(self, delivery: Delivery, doubt: Doubt | None) -> Outcome | None:
        """While something may be on its way: whatever is said meanwhile, the doubt would be forgotten with it."""
        if doubt is None:
            return None
        doubt, seconds = doubt.after_nothing(self._seconds(), self._purchases.look_again_seconds)
        return submitted(doubt.name(delivery.version), seconds) if seconds > 0 else None

    def _waits(self, delivery: Delivery, found: Told, doubt: Doubt | None, before: Sequence[str]) -> Outcome | None:
        """None: what is missing may be sent now. before: numbers of orders that were made for it and may be what is missing."""
        if before:
            doubt = doubt or Doubt(self._seconds())
        if (waits := self._looks_again(delivery, doubt)) is not None:
            return waits
        if before or (doubt is not None and doubt.tries >= MOST_TRIES):
            ids = f" ({', '.join(before)})" if before else ""
            found.problems.append(
                problem(
                    f"It may have been ordered{ids}, but 1688 does not show it: look there, then replay or discard this."
                )
            )
            return self._failed(found, Reason.RULE)
        return None

    async def _ordered(
        self,
        client: AlibabaClient,
        delivery: Delivery,
        found: Told,
        missing: Sequence[PurchasePart],
        doubt: Doubt | None,
    ) -> Outcome:
        if not missing:
            return self._settled(found)
        delivered = Delivered.by(self._purchases, delivery.body)
        await check_saved(delivered.fields, self._reference(client, found.account))
        found.problems += await self._offer_problems(client, found, missing)
        if found.problems:
            return self._failed(found, Reason.RULE)
        # All of them before the first is made: nothing is half ordered because of a price.
        asked: list[ResultDifference] = []
        for part in missing:
            seen = await preview(client, part, delivered)
            if isinstance(seen, Refusal):
                found.problems.append(problem(words_for(seen), code=seen.code))
            else:
                asked += purchase_compare.before(part.wanted, seen, self._purchases)
        if found.problems or (asked and self._purchases.on_difference == STOP):
            found.differences += asked
            return self._failed(found, Reason.RULE)
        # Sums are told by the orders themselves.
        found.differences += [one for one in asked if one["what"] == purchase_compare.PRICE]
        for part in missing:
            if (outcome := await self._made(client, delivery, found, part, delivered, doubt)) is not None:
                return outcome
        return self._settled(found)

    async def _offer_problems(
        self, client: AlibabaClient, found: Told, parts: Sequence[PurchasePart]
    ) -> list[ResultProblem]:
        if not self._purchases.check_offers:
            return []
        ids = [one.offer_id for part in parts for one in part.wanted]
        reference = self._reference(client, found.account)
        facts = await facts_of(self._settings, client, found.account, ids, reference)
        return offer_problems(parts, facts, vendor_of(found.order))

    async def _made(
        self,
        client: AlibabaClient,
        delivery: Delivery,
        found: Told,
        part: PurchasePart,
        delivered: Delivered,
        doubt: Doubt | None,
    ) -> Outcome | None:
        """None: the part exists now. Raises what has not been carried out."""
        earlier, tries = self._doubts.get(delivery.id), doubt.tries if doubt else 0
        called = tuple(dict.fromkeys((*(doubt.called if doubt else ()), self._called(delivery))))
        self._doubts[delivery.id] = Doubt(self._seconds(), tries=tries + 1, called=called)
        try:
            answer = await create(client, part, delivered)
        except UncertainError:
            answer = None
        except ConnectorError:
            # Not carried out. What was made before may not stand in the list yet, so then the doubt stays.
            self._forget(delivery, earlier)
            raise
        if answer is not None and answer.orders:
            self._doubts[delivery.id] = Doubt(self._seconds(), tries=tries, called=called)
            found.take(part, answer, self._purchases)
            return None
        if answer is not None and answer.refusal is not None and is_clear(answer.refusal):
            self._forget(delivery, earlier)
            found.problems.append(problem(words_for(answer.refusal), code=answer.refusal.code))
            return self._failed(found, Reason.RULE)
        return await self._unclear(client, delivery, found, part)

    def _forget(self, delivery: Delivery, earlier: Doubt | None) -> None:
        if earlier is None:
            self._doubts.pop(delivery.id, None)
        else:
            self._doubts[delivery.id] = earlier

    async def _unclear(
        self, client: AlibabaClient, delivery: Delivery, found: Told, part: PurchasePart
    ) -> Outcome | None:
        """No clear answer: what the list shows decides; while it shows nothing, time has to pass."""
        doubt = self._doubts[delivery.id]
        standing = await standing_of(client, part, replace(Whose.of(delivery), may_be_sent=True))
        if standing.exists:
            found.wrote = True
            found.adopt(standing, self._purchases)
            return None
        doubt = replace(doubt, looked=self._seconds())
        event = result(found.account, found.order, WAITING, self._now(), placed=found.placed)
        waits = submitted(doubt.name(delivery.version), self._purchases.look_again_seconds)
        return replace(waits, events=(event,))

    def _settled(self, found: Told) -> Outcome:
        """All parts exist. What is otherwise than it should be is for a person, but nothing is to be sent any more."""
        status = PARTLY if found.problems else DIFFERS if found.differences else CREATED
        event = result(
            found.account, found.order, status, self._now(), placed=found.placed, differences=found.differences,
            problems=found.problems,
        )  # fmt: skip
        ids = ",".join(one.order.order_id for one in found.placed)
        done = Result.APPLIED if found.wrote else Result.ALREADY_APPLIED
        notes = () if status == CREATED else (f"purchase_{status}",)
        return Outcome(done, remote_model=MODEL, remote_id=ids, notes=notes, events=(event,))

    def _failed(self, found: Told, reason: Reason, status: str = "") -> Outcome:
        plain = PARTLY if found.placed else DIFFERS if found.differences and not found.problems else FAILED
        status = status or plain
        event = result(
            found.account, found.order, status, self._now(), placed=found.placed, differences=found.differences,
            problems=found.problems, reason=reason,
        )  # fmt: skip
        return replace(failed(reason, told(found.problems, found.differences)), events=(event,))

    def _with_event(self, delivery: Delivery, error: ConnectorError) -> Outcome:
        order = cast("PurchaseOrder", delivery.body)
        event = result(
            delivery.account,
            order,
            FAILED,
            self._now(),
            problems=[problem(str(error), code=error.code)],
            reason=error.reason,
        )
        return replace(failed_by(error), events=(event,))

    def _reference(self, client: AlibabaClient, account: str) -> AlibabaReference:
        if account not in self._references:
            self._references[account] = AlibabaReference(self._settings, account, client, self._now)
        return self._references[account]

    def _begun(self, delivery: Delivery) -> Told:
        return Told(cast("PurchaseOrder", delivery.body), delivery.account)

    def _seconds(self) -> int:
        return int(self._now().timestamp())
