"""A server of several functions, as any Python program may be one: it knows pika and nothing of tq."""
import collections
import json
import os

import pika

QUEUE = os.environ.get('TQ_PREFIX', '') + 'python_queue'
URL = os.environ.get('TQ_URL', 'amqp://guest:guest@127.0.0.1:5672')

FUNCTIONS = {
    'count_words': lambda text: len(text.split()),
    'count_letters': lambda text: dict(collections.Counter(text.replace(' ', '')).most_common(3)),
}


def answer(channel, method, properties, body):
    headers = None
    function = FUNCTIONS.get(properties.app_id)
    if function is not None:
        result = function(json.loads(body))
    else:
        # By this header tq's plainCall knows an error; a caller that does not look at it reads the body.
        headers = {'tq-error': 'LookupError'}
        result = {'error': {'type': 'LookupError', 'message': f'no function {properties.app_id}'}}
    channel.basic_publish(
        exchange='',
        routing_key=properties.reply_to,
        properties=pika.BasicProperties(correlation_id=properties.correlation_id, headers=headers),
        body=json.dumps(result),
    )
    channel.basic_ack(delivery_tag=method.delivery_tag)


connection = pika.BlockingConnection(pika.URLParameters(URL))
channel = connection.channel()
channel.queue_declare(queue=QUEUE, auto_delete=True)
channel.basic_qos(prefetch_count=1)
channel.basic_consume(queue=QUEUE, on_message_callback=answer)
print('python server: ready', flush=True)
try:
    channel.start_consuming()
except KeyboardInterrupt:
    connection.close()
